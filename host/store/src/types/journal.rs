//! Decisions, and grants.

use super::Millis;

/// A placement as it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Place in the journal; grows.
    pub position: u64,
    /// The sandbox placed; empty for a refusal.
    pub sandbox: String,
    /// For whom.
    pub organization: String,
    /// Where.
    pub region: String,
    /// When.
    pub at: Millis,
    /// Inputs and outcome, JSON.
    pub facts: String,
}

/// What a grant opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// A port's preview.
    Preview,
    /// A shell.
    Ssh,
}

/// A secret that opens one thing of one sandbox for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// What it opens.
    pub kind: GrantKind,
    /// Of which sandbox.
    pub sandbox: String,
    /// Whose sandbox that is.
    pub organization: String,
    /// Of a preview: which port.
    pub port: u32,
    /// When it was made.
    pub created: Millis,
    /// When it ends; judged by the caller.
    pub expires: Millis,
}
