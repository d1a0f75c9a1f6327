//! Who asks for a task, and whether it is theirs. The only place where that is decided.

use kinora_store::contract::Begun;

/// What stands before the name of a token where it owns something.
const TOKEN: &str = "token:";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Whoever knows the id, which is enough for what nobody owns: the way of MMP.
    Anyone,
    /// The holder of a credential, by the name that stands at what it owns.
    Owner(String),
    /// The same at a door where knowing the id is enough for what nobody owns.
    Holder(String),
}

impl Asker {
    /// Whether a task of this owner is theirs. What is not is answered like what does not exist.
    pub(crate) fn may(&self, owner: Option<&str>) -> bool {
        match (self, owner) {
            (Self::Anyone | Self::Holder(_), None) => true,
            (Self::Owner(me) | Self::Holder(me), Some(owner)) => me == owner,
            (Self::Anyone, Some(_)) | (Self::Owner(_), None) => false,
        }
    }

    /// As the holder of a token of this name, at a door where ids are enough for the rest or not.
    pub(crate) fn named(name: &str, ids_are_enough: bool) -> Self {
        let owner = format!("{TOKEN}{name}");
        match ids_are_enough {
            true => Self::Holder(owner),
            false => Self::Owner(owner),
        }
    }

    /// The name of the token that they have, if it is one.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Anyone => None,
            Self::Owner(me) | Self::Holder(me) => me.strip_prefix(TOKEN),
        }
    }

    /// See [`Self::may`].
    pub(crate) fn may_see(&self, task: &Begun) -> bool {
        match task {
            Begun::New => false,
            Begun::Known(upload) => self.may(upload.owner.as_deref()),
            Begun::Job(job) => self.may(job.owner.as_deref()),
        }
    }

    /// What is written down as the owner of what they begin.
    pub(crate) fn owner(&self) -> Option<String> {
        match self {
            Self::Anyone => None,
            Self::Owner(me) | Self::Holder(me) => Some(me.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sees_its_own_only() {
        let (me, you) = (Asker::Owner("me".into()), Asker::Owner("you".into()));
        let check = |asker: &Asker, owner, expected| {
            assert_eq!(asker.may(owner), expected, "{asker:?} {owner:?}");
        };
        check(&me, Some("me"), true);
        check(&you, Some("me"), false);
        check(&Asker::Anyone, Some("me"), false);
        check(&me, None, false);
        check(&Asker::Anyone, None, true);
        let mine = Asker::Holder("me".into());
        check(&mine, Some("me"), true);
        check(&mine, Some("you"), false);
        check(&mine, None, true);
    }
}
