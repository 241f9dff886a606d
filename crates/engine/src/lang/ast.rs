//! The tree of a rule file, with the place of every part in its source.
//!
//! A sticky field is resolved while reading: every leaf carries the fields it looks in, so a tree has
//! no field nodes and means the same wherever it is moved. Nested `and` in `and` (and `or` in `or`)
//! is one node, so that depth counts real alternation only; it never exceeds
//! [`MAX_NESTING`](super::grammar::MAX_NESTING), which makes recursion over a tree safe.

use serde::{Deserialize, Serialize};

use super::fields::{FieldMask, ValueId};
use super::values::Date;

/// A range of bytes in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }

    /// The same in a text that begins with `start` more bytes.
    #[must_use]
    pub fn behind(self, start: u32) -> Self {
        Self { start: self.start + start, end: self.end + start }
    }

    /// The same, counted from `start`, where it does not lie before it.
    #[must_use]
    pub fn relative_to(self, start: u32) -> Self {
        Self { start: self.start.saturating_sub(start), end: self.end.saturating_sub(start) }
    }

    /// The part of `source` that this span covers.
    #[must_use]
    pub fn of(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// A name or text with its place; the place includes its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// What stands between the quotes, escapes undone.
    pub text: String,
    /// Where, quotes included.
    pub span: Span,
}

/// One object of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `list "name": term, …;`
    List(ListItem),
    /// `rule "name": when … then …;`
    Rule(RuleItem),
}

impl Item {
    /// From the keyword to the semicolon.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::List(list) => list.span,
            Self::Rule(rule) => rule.span,
        }
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &Quoted {
        match self {
            Self::List(list) => &list.name,
            Self::Rule(rule) => &rule.name,
        }
    }
}

/// A named list of terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// Its name, unique among lists.
    pub name: Quoted,
    /// What it lists.
    pub terms: Vec<Term>,
    /// From the keyword to the semicolon.
    pub span: Span,
}

/// Which forms of a word a term means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// All that share its noun lemma.
    #[default]
    Lemma,
    /// The word as spelt; case and accents are folded.
    Exact,
    /// The word as written.
    Case,
    /// All that share its noun or verb lemma.
    AnyForm,
}

/// A word or phrase to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What stands between the quotes, quotes unescaped. `*` at the end of a word stands for more
    /// letters, `\*` for a star.
    pub text: String,
    /// Which forms of its words are meant.
    pub form: Form,
    /// How many extra words may stand between its words; `None` is a plain phrase.
    pub slop: Option<u32>,
    /// Where, with modifier and quotes.
    pub span: Span,
}

/// How many of several conditions must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// At least so many.
    AtLeast(u32),
    /// All.
    All,
}

/// A rule: a condition and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleItem {
    /// Its name, unique among rules.
    pub name: Quoted,
    /// The condition.
    pub when: Expr,
    /// The exception: the rule does not match where this holds.
    pub unless: Option<Expr>,
    /// What a match does.
    pub actions: Vec<Action>,
    /// From the keyword to the semicolon.
    pub span: Span,
}

/// A condition with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it stands; of what joins others, with the parentheses around it.
    pub span: Span,
}

impl Expr {
    /// Whether it joins no others.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        matches!(
            self.kind,
            ExprKind::Term { .. } | ExprKind::List { .. } | ExprKind::Category { .. }
        )
    }

    /// The fields that its first term or list looks in; a proximity looks in no others.
    #[must_use]
    pub fn fields(&self) -> FieldMask {
        match &self.kind {
            ExprKind::Near { left, .. } => left.fields(),
            ExprKind::Or(parts) => parts.first().map_or_else(FieldMask::default, Self::fields),
            ExprKind::Term { fields, .. } | ExprKind::List { fields, .. } => *fields,
            _ => FieldMask::default(),
        }
    }
}

/// The forms of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// All hold; at least two.
    And(Vec<Expr>),
    /// One holds; at least two.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// The term stands in one of the fields.
    Term {
        /// The fields looked in.
        fields: FieldMask,
        /// What to look for.
        term: Term,
    },
    /// A term of the list stands in one of the fields.
    List {
        /// The fields looked in.
        fields: FieldMask,
        /// The list's name.
        name: String,
    },
    /// Both stand in one field and sentence with few words between them. Operands are terms, lists,
    /// `or` of these, or proximities; all look in the same fields.
    Near {
        /// The left one stands first.
        ordered: bool,
        /// How many words may stand between the nearest ends.
        distance: u32,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// So many of the conditions hold.
    AtLeast {
        /// How many.
        count: u32,
        /// Of these.
        of: Vec<Expr>,
    },
    /// So many terms of the list stand in the fields.
    OfList {
        /// How many.
        count: Count,
        /// The fields looked in.
        fields: FieldMask,
        /// The list's name.
        name: String,
    },
    /// Other rules added the category or one below it, and none removed it.
    Category {
        /// Its path.
        path: String,
    },
    /// A value of the field meets the test; false where the advert gives none.
    Compare {
        /// The field.
        field: ValueId,
        /// What is asked of its value.
        test: Test,
    },
}

/// What a comparison asks of a value. All values are of the field's kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// `< value` and the like.
    Is(Operator, Value),
    /// `between low and high`, both included.
    Between(Value, Value),
    /// `in (value, …)`
    In(Vec<Value>),
}

// No value is NaN.
impl Eq for Test {}

/// How a value stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `=`
    Equal,
    /// `!=`
    Unequal,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Less, Self::AtMost, Self::Greater, Self::AtLeast, Self::Equal, Self::Unequal];

    /// As rules write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal => "=",
            Self::Unequal => "!=",
        }
    }
}

/// A value that a rule compares with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A finite number, and not `-0`.
    Number(f64),
    /// A whole string, as written.
    Keyword(String),
    /// A day.
    Date(Date),
    /// True or false.
    Boolean(bool),
}

/// What a matched rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `add category "path" [score N]`
    AddCategory {
        /// The category.
        path: Quoted,
        /// What it adds to the category's score, in thousandths.
        score: i64,
    },
    /// `remove category "path"` or, for all below a path, `remove category "path/*"`
    RemoveCategory {
        /// The category, with the star.
        path: Quoted,
    },
    /// `set "name" = value`
    Set {
        /// The attribute.
        name: Quoted,
        /// Its value, as text.
        value: String,
    },
}
