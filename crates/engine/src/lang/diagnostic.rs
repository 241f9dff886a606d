//! What is wrong with a source, as data: a stable code, a place and the facts of the case. The words
//! that people read are kept on the Python side, in the registry of `diagnostics`.

use super::ast::Span;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The rule set can't be compiled.
    Error,
    /// It can; the author should look.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind.
    pub code: Code,
    /// Number of the source, in the order they were given.
    pub source: u32,
    /// Where in that source.
    pub span: Span,
    /// The facts that the message names.
    pub params: Vec<(&'static str, String)>,
    /// Another place that the message points at: source and span.
    pub related: Option<(u32, Span)>,
}

impl Diagnostic {
    /// A finding in the first source without facts; add them with [`Self::with`].
    #[must_use]
    pub fn new(code: Code, span: Span) -> Self {
        Self { code, source: 0, span, params: Vec::new(), related: None }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }
}

macro_rules! codes {
    ($($name:ident = $text:literal $severity:ident, $doc:literal;)*) => {
        /// The kinds of finding. A code keeps its meaning for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $doc] $name,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    UnexpectedCharacter = "JS001" Error, "A character that no rule holds outside quotes: `found`.";
    UnclosedString = "JS002" Error, "A string is not closed on its line: `quote`.";
    EmptyTerm = "JS003" Error, "A term holds nothing but space.";
    UnclosedParenthesis = "JS004" Error, "`(` is never closed.";
    UnopenedParenthesis = "JS005" Error, "`)` closes nothing.";
    Unexpected = "JS006" Error, "Something else is due here: `expected`, `found`.";
    MissingOperator = "JS007" Error, "Two conditions follow each other without `and` or `or`.";
    MissingOperand = "JS008" Error, "An operator lacks a condition: `operator`, `side` left or right.";
    BareWord = "JS009" Error, "A word without quotes is no field and no keyword: `word`, `known`.";
    MissingWhen = "JS010" Error, "A rule has no condition: `name`.";
    MissingThen = "JS011" Error, "A rule has no action: `name`.";
    MissingSemicolon = "JS012" Error, "An object is not ended by `;`: `kind`, `name`.";
    DuplicateRule = "JS013" Error, "Two rules have one name: `name`.";
    DuplicateList = "JS014" Error, "Two lists have one name: `name`.";
    UnknownList = "JS015" Error, "No list has this name: `name`, `known`.";
    EmptyList = "JS016" Error, "A list lists nothing: `name`.";
    NoWord = "JS017" Error, "A term holds no word that text could hold: `term`.";
    PurelyNegative = "JS018" Error, "The condition holds for an advert in which nothing stands.";
    TooDeep = "JS019" Error, "Parentheses, `not` or `near` are nested too deep: `limit`.";
    RuleTooLong = "JS020" Error, "An object's text is too long: `size`, `limit` in bytes.";
    NameTooLong = "JS021" Error, "A name is too long: `limit` in characters.";
    EmptyName = "JS022" Error, "A name holds nothing but space: `kind`.";
    BadCategory = "JS023" Error, "A category path is malformed: `path`, `reason`.";
    RepeatedCategory = "JS024" Error, "A rule names a category twice: `path`.";
    BadScore = "JS025" Error, "A score is malformed: `found`, `reason`.";
    UnknownAction = "JS026" Error, "No action begins so: `found`.";
    MixedQuotes = "JS027" Warning, "A string is closed by another style of quote: `open`, `close`.";
    MixedOperators = "JS028" Warning, "`and` and `or` are mixed without parentheses: `grouping`.";
    NoRule = "JS029" Warning, "A source holds no rule and no list.";
    SourceTooLong = "JS030" Error, "A source is too long: `size`, `limit` in bytes.";
    ShortPrefix = "JS032" Error, "A star behind fewer than three letters: `term`, `limit`.";
    BadPrefix = "JS033" Error, "A star under `any form`, which has no forms to vary: `term`.";
    BadDistance = "JS034" Error, "A distance or slop out of range: `found`, `limit`.";
    MixedProximity = "JS035" Error, "`near` and `before` follow each other without parentheses.";
    BadProximity = "JS036" Error, "An operand of a proximity that has no place in the text: `operator`.";
    ProximityFields = "JS037" Error, "The operands of a proximity look in different fields: `operator`.";
    BadCount = "JS038" Error, "`at least` asks for none, or for more than there are: `found`, `size`.";
    EmptyAttribute = "JS039" Error, "An attribute has no name.";
    CategoryCycle = "JS040" Error, "Rules wait for each other's categories: `cycle`, names in order, `reason`.";
    SignsIgnored = "JS041" Warning, "A term holds signs that are not compared: `term`, `signs`.";
    Wildcard = "JS042" Error, "A star that ends no word, or a question mark within a word: `term`, `sign`.";
    BadProximityForm = "JS043" Error, "Not how a distance is written: `found`, `meant`, `reason`.";
    EmptyParentheses = "JS044" Error, "Nothing stands between parentheses.";
    UnknownPrefix = "JS045" Error, "A word before a colon is no field: `word`, `value`, `known`.";
    MisplacedClause = "JS046" Error, "A rule has a clause twice, or behind its actions: `clause`.";
    UnknownField = "JS050" Error, "What is compared is no field: `word`, `known`.";
    WrongValue = "JS051" Error, "A value is none of the field's kind: `field`, `kind`, `found`, `plain`, `reason`.";
    UnknownOperator = "JS052" Error, "Not how values are compared here: `found`, `meant`.";
    WrongOperator = "JS053" Error, "The field's kind can't be asked so: `operator`, `field`, `kind`.";
    ComparedText = "JS054" Error, "A text is compared: `field`.";
    TermInValues = "JS055" Error, "No comparison follows a field that holds values: `field`, `kind`, `meant`.";
    MixedFields = "JS056" Error, "Fields of several kinds are named together: `kind`, `other`.";
    MissingField = "JS057" Error, "A comparison does not begin with its field.";
    EmptyRange = "JS058" Error, "`between` is given the upper end first.";
    UnlistedCategory = "JS059" Error, "The taxonomy does not list a category: `path`, `known`.";
    RetiredCategory = "JS060" Error, "The taxonomy says that a category is retired: `path`, `redirect`, `reason`.";
}
