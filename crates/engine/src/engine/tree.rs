//! A rule's condition as its author sees it: and, or, not over leaves, each with its place in the
//! source. It serves explanations and the unfiltered matcher; the fast path runs the
//! [`program`](super::program) made from it.

use serde::{Deserialize, Serialize};

use crate::lang::{FieldMask, Span};

use super::memory::{of_vec, roomy};
use super::table::{self, Row};
use super::units::UnitId;

/// Number of a node in [`Trees`].
pub(super) type NodeId = u32;

/// A node: what it says, and where, counted from the start of its rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
}

/// The forms of a node. Ranges point to children.
#[derive(Debug, Clone, Copy)]
pub(super) enum NodeKind {
    And {
        start: u32,
        len: u32,
    },
    Or {
        start: u32,
        len: u32,
    },
    Not(NodeId),
    /// So many of the children hold.
    AtLeast {
        count: u32,
        start: u32,
        len: u32,
    },
    /// The unit stands in one of the fields.
    Leaf {
        unit: UnitId,
        fields: FieldMask,
    },
}

/// The conditions of all rules. The children of a node have lower numbers than it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Trees {
    #[serde(with = "table")]
    nodes: Vec<Node>,
    #[serde(with = "table")]
    children: Vec<NodeId>,
}

impl Clone for Trees {
    fn clone(&self) -> Self {
        Self { nodes: roomy(&self.nodes), children: roomy(&self.children) }
    }
}

impl Row<6> for Node {
    fn to_row(&self) -> [u32; 6] {
        let [kind, a, b, c] = match self.kind {
            NodeKind::And { start, len } => [0, start, len, 0],
            NodeKind::Or { start, len } => [1, start, len, 0],
            NodeKind::Not(inner) => [2, inner, 0, 0],
            NodeKind::AtLeast { count, start, len } => [3, start, len, count],
            NodeKind::Leaf { unit, fields } => [4, unit, fields.0, 0],
        };
        [kind, a, b, c, self.span.start, self.span.end]
    }

    fn from_row([kind, a, b, c, start, end]: [u32; 6]) -> Option<Self> {
        let kind = match kind {
            0 => NodeKind::And { start: a, len: b },
            1 => NodeKind::Or { start: a, len: b },
            2 => NodeKind::Not(a),
            3 => NodeKind::AtLeast { count: c, start: a, len: b },
            4 => NodeKind::Leaf { unit: a, fields: FieldMask(b) },
            _ => return None,
        };
        Some(Self { kind, span: Span { start, end } })
    }
}

impl Trees {
    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.nodes) + of_vec(&self.children)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many children they have in all.
    pub(super) fn children_len(&self) -> usize {
        self.children.len()
    }

    pub(super) fn get(&self, node: NodeId) -> Node {
        self.nodes[node as usize]
    }

    pub(super) fn children(&self, start: u32, len: u32) -> &[NodeId] {
        &self.children[start as usize..(start + len) as usize]
    }

    pub(super) fn push(&mut self, kind: NodeKind, span: Span) -> NodeId {
        self.nodes.push(Node { kind, span });
        self.nodes.len() as u32 - 1
    }

    pub(super) fn push_children(&mut self, children: &[NodeId]) -> (u32, u32) {
        let start = self.children.len() as u32;
        self.children.extend_from_slice(children);
        (start, children.len() as u32)
    }

    /// Appends the nodes of `other`, whose units have here the given numbers; gives what the number of
    /// each node grows by.
    pub(super) fn absorb(&mut self, other: &Self, numbers: &[UnitId]) -> u32 {
        let (nodes, children) = (self.nodes.len() as u32, self.children.len() as u32);
        self.children.extend(other.children.iter().map(|child| child + nodes));
        self.nodes.extend(other.nodes.iter().map(|node| {
            let kind = match node.kind {
                NodeKind::And { start, len } => NodeKind::And { start: start + children, len },
                NodeKind::Or { start, len } => NodeKind::Or { start: start + children, len },
                NodeKind::Not(inner) => NodeKind::Not(inner + nodes),
                NodeKind::AtLeast { count, start, len } => {
                    NodeKind::AtLeast { count, start: start + children, len }
                }
                NodeKind::Leaf { unit, fields } => {
                    NodeKind::Leaf { unit: numbers[unit as usize], fields }
                }
            };
            Node { kind, ..*node }
        }));
        nodes
    }

    /// Whether the condition holds, given the verdict on each leaf.
    pub(super) fn holds(
        &self,
        node: NodeId,
        leaf: &mut impl FnMut(UnitId, FieldMask) -> bool,
    ) -> bool {
        match self.get(node).kind {
            NodeKind::And { start, len } => {
                self.children(start, len).iter().all(|&child| self.holds(child, leaf))
            }
            NodeKind::Or { start, len } => {
                self.children(start, len).iter().any(|&child| self.holds(child, leaf))
            }
            NodeKind::Not(child) => !self.holds(child, leaf),
            NodeKind::AtLeast { count, start, len } => {
                let children = self.children(start, len).iter();
                let holding = children.filter(|&&child| self.holds(child, leaf));
                holding.take(count as usize).count() == count as usize
            }
            NodeKind::Leaf { unit, fields } => leaf(unit, fields),
        }
    }

    /// Calls `visit` with the unit and the fields of every leaf below `node`.
    pub(super) fn visit_leaves(&self, node: NodeId, visit: &mut impl FnMut(UnitId, FieldMask)) {
        match self.get(node).kind {
            NodeKind::And { start, len }
            | NodeKind::Or { start, len }
            | NodeKind::AtLeast { start, len, .. } => {
                for &child in self.children(start, len) {
                    self.visit_leaves(child, visit);
                }
            }
            NodeKind::Not(child) => self.visit_leaves(child, visit),
            NodeKind::Leaf { unit, fields } => visit(unit, fields),
        }
    }
}
