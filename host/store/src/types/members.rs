//! People, what they may, and their keys.

use super::Millis;

/// A person or program that keys are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: String,
    /// For showing.
    pub name: String,
    /// Unique, unless empty.
    pub email: String,
    /// When it was made.
    pub created: Millis,
}

/// What a member is in its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// May everything.
    Owner,
    /// May what its roles say.
    Member,
}

/// A user's membership of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// As what.
    pub role: MemberRole,
    /// Ids of assigned roles.
    pub roles: Vec<String>,
    /// Since when.
    pub created: Millis,
    /// When that was last changed.
    pub updated: Millis,
}

/// A role that an organization made for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// Whose.
    pub organization: String,
    /// Unique in the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// Permission names.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

/// What may be shown of a user's key; its hash is kept beside it, the key itself nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose resources it opens; empty: the key of an operator.
    pub organization: String,
    /// Whom it stands for.
    pub user: String,
    /// Unique for the user in the organization.
    pub name: String,
    /// First and last characters, for showing.
    pub hint: String,
    /// Permission names.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created: Millis,
    /// When it was last used, as far as it was remembered.
    pub last_used: Option<Millis>,
    /// When it ends; judged by the caller.
    pub expires: Option<Millis>,
}
