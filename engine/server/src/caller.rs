//! Who asks, and what they may do.

use std::collections::BTreeSet;
use std::str::FromStr;

use model::{Asker, Class, Code, Failure, Workflow};
use serde::{Deserialize, Serialize};

use crate::outside;

/// What a token lets its holder do. Each role includes looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at runs.
    Read,
    /// Resume, pause and cancel runs; look at their targets.
    Operate,
    /// Approve plans, answer forms, decide lost writes.
    Approve,
    /// Bring a workflow along, plan it and start it.
    Start,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Read, Role::Operate, Role::Approve, Role::Start];

    pub fn name(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Operate => "operate",
            Role::Approve => "approve",
            Role::Start => "start",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| format!("a role is one of {}", Role::ALL.map(Role::name).join(", ")))
    }
}

/// Who may take a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The store's owner alone, over the local socket.
    Owner,
    /// A token that has all of these too.
    Roles(&'static [Role]),
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Only the store's owner can open the local socket: they may do everything, and say who acts.
    Owner,
    Token {
        name: String,
        roles: BTreeSet<Role>,
    },
}

impl Caller {
    pub(crate) fn may(&self, role: Role) -> Result<(), Failure> {
        match self {
            Caller::Owner => Ok(()),
            Caller::Token { roles, .. } if roles.contains(&role) => Ok(()),
            Caller::Token { roles, .. } if role == Role::Read && !roles.is_empty() => Ok(()),
            Caller::Token { name, .. } => {
                let message = format!("the token '{name}' has not the role '{}'", role.name());
                Err(Failure::new(Code::Access, Class::Denied, message)
                    .hint("footbridge serve token add NAME --role ROLE makes one that has"))
            }
        }
    }

    pub(crate) fn may_take(&self, route: Access) -> Result<(), Failure> {
        match (route, self) {
            (_, Caller::Owner) => Ok(()),
            (Access::Roles(roles), Caller::Token { .. }) => roles.iter().try_for_each(|role| self.may(*role)),
            (Access::Owner, Caller::Token { .. }) => {
                Err(Failure::new(Code::Access, Class::Denied, "that is not done over TCP")
                    .hint("ask on the machine itself, as the user who holds the store"))
            }
        }
    }

    /// What only the owner may bring along is refused to everybody else.
    pub(crate) fn may_bring(&self, workflow: &Workflow) -> Result<(), Failure> {
        match self {
            Caller::Owner => Ok(()),
            Caller::Token { .. } => outside::workflow(workflow),
        }
    }

    pub(crate) fn may_name(&self, target: &str) -> Result<(), Failure> {
        match self {
            Caller::Owner => Ok(()),
            Caller::Token { .. } => outside::target(target),
        }
    }

    /// Who acts, for the journal: a token acts in its own name, whatever the request says.
    pub(crate) fn by(&self, said: String) -> String {
        match self {
            Caller::Owner => said,
            Caller::Token { name, .. } => name.clone(),
        }
    }

    /// The same for what is asked with a reason.
    pub(crate) fn asker(&self, said: Asker) -> Asker {
        Asker { by: self.by(said.by), ..said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_roles_and_its_own_name() {
        let token =
            |roles: &[Role]| Caller::Token { name: "ci".into(), roles: roles.iter().copied().collect() };
        let may = |caller: &Caller| Role::ALL.map(|role| caller.may(role).is_ok());
        assert_eq!(may(&Caller::Owner), [true; 4]);
        assert_eq!(may(&token(&[])), [false; 4]);
        assert_eq!(may(&token(&[Role::Read])), [true, false, false, false]);
        assert_eq!(may(&token(&[Role::Operate])), [true, true, false, false]);
        assert_eq!(may(&token(&[Role::Approve, Role::Start])), [true, false, true, true]);
        assert_eq!(token(&[Role::Start]).by("the boss".into()), "ci");
        assert_eq!(Caller::Owner.by("the boss".into()), "the boss");
    }
}
