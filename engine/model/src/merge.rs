//! Three-way: what a change touched goes back, what only others changed is kept, and where both did is a conflict.
//!
//! Maps are walked; lists and scalars are whole. A property that is absent and one that is nothing are the same.

use std::collections::BTreeSet;

use crate::Value;
use crate::refine::{Difference, compare, matches};
use crate::value::Map;

/// What taking one change back comes to for its object.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// The object as it is now, with what the change touched as it was before. Conflicts are as they are now.
    pub aim: Value,
    /// Touched by the change and by someone since. `planned_from`: as the change left it; `wanted`: as it was before.
    pub conflicts: Vec<Difference>,
    /// Changed by someone since and by the change not at all.
    pub kept: Vec<Difference>,
    /// What the change left, with the conflicts as they are now: whoever takes this for what was left has overruled them.
    pub accepted: Value,
}

/// `before` and `left`: the object on both sides of the change; `now`: as it is seen. `target` names it in differences.
pub fn take_back(target: &str, before: &Value, left: &Value, now: &Value) -> Merge {
    let mut walk = Walk { target, conflicts: Vec::new(), kept: Vec::new() };
    let sides = walk.sides("", Some(before), Some(left), Some(now));
    Merge {
        aim: sides.aim.unwrap_or_default(),
        conflicts: walk.conflicts,
        kept: walk.kept,
        accepted: sides.accepted.unwrap_or_default(),
    }
}

/// Whether `now` is another object of the same name: it differs where the server invented something for ours. `wanted`
/// is the creation as planned, with the holes of its own step (`origin`) that `left` has filled.
pub fn is_another(origin: &str, wanted: &Value, left: &Value, now: &Value) -> bool {
    match (wanted, left, now) {
        (Value::Unknown(hole), _, _) => {
            let own = hole.split_once('.').is_some_and(|(step, _)| step == origin);
            own && left.first_unknown().is_none() && !matches(left, now)
        }
        (Value::Map(wanted), Value::Map(left), Value::Map(now)) => wanted
            .iter()
            .any(|(key, wanted)| is_another(origin, wanted, side(left.get(key)), side(now.get(key)))),
        _ => false,
    }
}

struct Walk<'a> {
    target: &'a str,
    conflicts: Vec<Difference>,
    kept: Vec<Difference>,
}

/// One place of the object after the merge; `None`: it has none.
struct Sides {
    aim: Option<Value>,
    accepted: Option<Value>,
}

impl Walk<'_> {
    fn sides(
        &mut self,
        at: &str,
        before: Option<&Value>,
        left: Option<&Value>,
        now: Option<&Value>,
    ) -> Sides {
        if let (Some(Value::Map(before)), Some(Value::Map(left)), Some(Value::Map(now))) = (before, left, now)
        {
            return self.maps(at, before, left, now);
        }
        let stays = || Sides { aim: now.cloned(), accepted: left.cloned() };
        let (was, ours, is) = (side(before), side(left), side(now));
        if was == ours {
            compare(self.target, at, ours, is, is, &mut self.kept);
            stays()
        } else if matches(was, is) {
            stays()
        } else if matches(ours, is) {
            Sides { aim: before.cloned(), accepted: left.cloned() }
        } else {
            compare(self.target, at, ours, is, was, &mut self.conflicts);
            Sides { aim: now.cloned(), accepted: now.cloned() }
        }
    }

    fn maps(&mut self, at: &str, before: &Map, left: &Map, now: &Map) -> Sides {
        let keys: BTreeSet<&String> = before.keys().chain(left.keys()).chain(now.keys()).collect();
        let (mut aim, mut accepted) = (Map::new(), Map::new());
        for key in keys {
            let place = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            let sides = self.sides(&place, before.get(key), left.get(key), now.get(key));
            aim.extend(sides.aim.map(|value| (key.clone(), value)));
            accepted.extend(sides.accepted.map(|value| (key.clone(), value)));
        }
        Sides { aim: Some(Value::Map(aim)), accepted: Some(Value::Map(accepted)) }
    }
}

fn side(value: Option<&Value>) -> &Value {
    value.unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn object(hidden: bool, mail: &str) -> Value {
        Value::from([("hidden", Value::Bool(hidden)), ("mail", Value::text(mail))])
    }

    #[test]
    fn each_property_goes_its_own_way() {
        let (before, left) = (object(false, "a"), object(true, "a"));
        let check = |now: Value, aim: Value, conflicts: &[&str], kept: &[&str]| {
            let merge = take_back("t:x", &before, &left, &now);
            assert_eq!(merge.aim, aim, "{now}");
            let places = |list: &[Difference]| list.iter().map(|one| one.at.clone()).collect::<Vec<_>>();
            assert_eq!(
                (places(&merge.conflicts), places(&merge.kept)),
                (owned(conflicts), owned(kept)),
                "{now}"
            );
        };
        check(object(true, "a"), object(false, "a"), &[], &[]);
        check(object(true, "b"), object(false, "b"), &[], &["mail"]);
        check(object(false, "a"), object(false, "a"), &[], &[]);
        let stranger = Value::from([("hidden", Value::Int(3)), ("mail", Value::text("a"))]);
        check(stranger.clone(), stranger, &["hidden"], &[]);
        check(Value::Null, Value::Null, &[""], &[]);
    }

    fn owned(places: &[&str]) -> Vec<String> {
        places.iter().map(|place| (*place).to_owned()).collect()
    }

    #[test]
    fn a_created_object_goes_whole_or_not_at_all() {
        let left = object(true, "a");
        assert_eq!(take_back("t:x", &Value::Null, &left, &left).aim, Value::Null);
        assert_eq!(take_back("t:x", &left, &Value::Null, &Value::Null).aim, left);
        let changed = take_back("t:x", &Value::Null, &left, &object(true, "b"));
        assert_eq!(changed.aim, object(true, "b"));
        assert_eq!(changed.conflicts.len(), 1);
        assert_eq!((changed.conflicts[0].at.as_str(), &changed.conflicts[0].wanted), ("mail", &Value::Null));
        assert_eq!(take_back("t:x", &Value::Null, &changed.accepted, &object(true, "b")).aim, Value::Null);
    }

    #[test]
    fn another_object_of_the_name_is_told_by_what_the_server_invented() {
        let made = |guid: Value, name: &str| Value::from([("guid", guid), ("name", Value::text(name))]);
        let wanted = made(Value::Unknown("s.guid".into()), "x");
        let left = made("1".into(), "x");
        assert!(!is_another("s", &wanted, &left, &left));
        assert!(!is_another("s", &wanted, &left, &made("1".into(), "y")));
        assert!(is_another("s", &wanted, &left, &made("2".into(), "x")));
        assert!(!is_another("other", &wanted, &left, &made("2".into(), "x")), "the guid of something else");
        assert!(!is_another("s", &wanted, &wanted, &left), "what was never learned tells nothing");
    }

    /// Objects of few keys and few values, so that all cases meet.
    fn objects() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (0..3_i64).prop_map(Value::Int),
            any::<bool>().prop_map(Value::Bool),
            proptest::collection::vec((0..3_i64).prop_map(Value::Int), 1..3).prop_map(Value::List),
        ];
        let map = leaf.prop_recursive(2, 12, 4, |inner| {
            proptest::collection::btree_map("[abcd]", inner, 0..4).prop_map(Value::Map)
        });
        prop_oneof![1 => Just(Value::Null), 6 => map]
    }

    /// Every untouched place of the walk, as the three sides there and the aim.
    fn untouched(
        before: &Value,
        left: &Value,
        now: &Value,
        aim: &Value,
        check: &mut dyn FnMut(&Value, &Value),
    ) {
        if let (Value::Map(one), Value::Map(other), Value::Map(is)) = (before, left, now) {
            for key in one.keys().chain(other.keys()).chain(is.keys()) {
                let (was, ours, is) = (side(one.get(key)), side(other.get(key)), side(is.get(key)));
                untouched(was, ours, is, side(aim.get(key)), check);
            }
        } else if before == left {
            check(now, aim);
        }
    }

    proptest! {
        #[test]
        fn what_nobody_else_changed_goes_back_whole(before in objects(), left in objects()) {
            let merge = take_back("t:x", &before, &left, &left);
            prop_assert_eq!(&merge.aim, &before);
            prop_assert!(merge.conflicts.is_empty() && merge.kept.is_empty());
        }

        #[test]
        fn what_the_change_did_not_touch_stays_as_it_is(before in objects(), left in objects(), now in objects()) {
            let merge = take_back("t:x", &before, &left, &now);
            untouched(&before, &left, &now, &merge.aim, &mut |now, aim| assert_eq!(now, aim));
            prop_assert_eq!(&take_back("t:x", &left, &left, &now).aim, &now);
        }

        #[test]
        fn taking_back_twice_is_taking_back_once(before in objects(), left in objects(), now in objects()) {
            let once = take_back("t:x", &before, &left, &now);
            let twice = take_back("t:x", &before, &left, &once.aim);
            prop_assert_eq!(&twice.aim, &once.aim);
            prop_assert_eq!(&twice.conflicts, &once.conflicts);
        }

        #[test]
        fn overruling_leaves_no_conflict_and_keeps_what_was_not_touched(
            before in objects(), left in objects(), now in objects(),
        ) {
            let first = take_back("t:x", &before, &left, &now);
            let second = take_back("t:x", &before, &first.accepted, &now);
            prop_assert!(second.conflicts.is_empty(), "{:?}", second.conflicts);
            untouched(&before, &left, &now, &second.aim, &mut |now, aim| assert_eq!(now, aim));
            prop_assert_eq!(first.conflicts.is_empty(), first.accepted == left);
        }
    }
}
