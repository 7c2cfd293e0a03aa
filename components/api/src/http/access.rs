//! Who may call a route. The table of routes says it, and one place enforces it.

/// What a user's key must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any key of the organization.
    Key,
    /// A key with this permission.
    Permission(&'static str),
    /// A key of an owner of the organization that carries every permission.
    Owner,
    /// A key that carries the operator's role.
    Operator,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// `Sandbar-Front-Key` is needed; without it the route does not exist.
    pub front: bool,
    /// A caller who proves nothing is let in too.
    pub optional: bool,
    /// Users, and what their key must have.
    pub user: Option<Need>,
    /// Runners.
    pub runner: bool,
    /// The proxy of a region.
    pub proxy: bool,
    /// The SSH gateway of a region.
    pub gateway: bool,
}

impl Access {
    const NOBODY: Self = Self {
        front: false,
        optional: false,
        user: None,
        runner: false,
        proxy: false,
        gateway: false,
    };
    /// Everybody; no credential is looked at.
    pub const PUBLIC: Self = Self {
        optional: true,
        ..Self::NOBODY
    };
    /// A front, whoever its caller is.
    pub const FRONT: Self = Self {
        front: true,
        optional: true,
        ..Self::NOBODY
    };
    /// A front for a user.
    pub const FRONT_FOR_USER: Self = Self {
        front: true,
        ..Self::USER
    };
    /// A front for a user, or for somebody unknown.
    pub const FRONT_FOR_ANYBODY: Self = Self {
        front: true,
        optional: true,
        ..Self::USER
    };
    /// A front for whoever has a credential.
    pub const FRONT_FOR_ALL: Self = Self {
        front: true,
        runner: true,
        proxy: true,
        gateway: true,
        ..Self::USER
    };
    /// Every user.
    pub const USER: Self = Self {
        user: Some(Need::Key),
        ..Self::NOBODY
    };
    /// Owners of the organization.
    pub const OWNER: Self = Self {
        user: Some(Need::Owner),
        ..Self::NOBODY
    };
    /// Operators of the platform.
    pub const OPERATOR: Self = Self {
        user: Some(Need::Operator),
        ..Self::NOBODY
    };
    /// Runners only.
    pub const RUNNER: Self = Self {
        runner: true,
        ..Self::NOBODY
    };
    /// The services of a region, and operators.
    pub const SERVICES: Self = Self {
        user: Some(Need::Operator),
        proxy: true,
        gateway: true,
        ..Self::NOBODY
    };

    /// Users whose key has a permission.
    pub const fn with(permission: &'static str) -> Self {
        Self {
            user: Some(Need::Permission(permission)),
            ..Self::NOBODY
        }
    }

    /// The region's proxy too.
    pub const fn or_proxy(self) -> Self {
        Self { proxy: true, ..self }
    }

    /// The region's SSH gateway too.
    pub const fn or_gateway(self) -> Self {
        Self { gateway: true, ..self }
    }

    /// Runners too.
    pub const fn or_runner(self) -> Self {
        Self { runner: true, ..self }
    }

    /// Whether any credential is looked at.
    pub const fn looks_at_callers(&self) -> bool {
        self.user.is_some() || self.runner || self.proxy || self.gateway
    }
}
