//! The directory and its domain controllers: each controller sees what was written elsewhere some calls later.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::object::DirectoryObject;

/// One domain controller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Controller {
    /// Fully qualified.
    pub(crate) name: String,
    pub(crate) gone: bool,
}

/// One write.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Edit {
    Create(Arc<DirectoryObject>),
    /// Properties to set; whole values, last one wins.
    Update {
        guid: String,
        properties: Map<String, Value>,
    },
    Delete {
        guid: String,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Change {
    /// Index of the controller that took the write.
    origin: usize,
    /// The other controllers see it once more calls than this were made.
    elsewhere_after: u64,
    edit: Edit,
}

/// Objects by their GUIDs. Whoever looks shares them; a change makes its own copy of the one object.
type Objects = BTreeMap<Arc<str>, Arc<DirectoryObject>>;

/// All objects, and the writes that not every controller has seen. A controller's view is the settled base with the
/// writes that it has seen laid over it in their order, so controllers converge whatever the order of arrival.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) controllers: Vec<Controller>,
    base: Objects,
    changes: Vec<Arc<Change>>,
    calls: u64,
    reads: u64,
    delay: u64,
}

impl Directory {
    pub(crate) fn new(controllers: &[String], delay: u64) -> Self {
        let controllers =
            controllers.iter().map(|name| Controller { name: name.clone(), gone: false }).collect();
        Self { controllers, delay, ..Self::default() }
    }

    /// Counts one call.
    pub(crate) fn tick(&mut self) {
        self.calls += 1;
        let settled = self.changes.iter().take_while(|change| self.calls > change.elsewhere_after).count();
        for change in self.changes.drain(..settled) {
            apply(&mut self.base, &change.edit);
        }
    }

    /// Lets every controller see everything.
    pub(crate) fn settle(&mut self) {
        for change in self.changes.drain(..) {
            apply(&mut self.base, &change.edit);
        }
    }

    /// What a controller sees (`None`: what all will see in the end), in order of creation.
    pub(crate) fn view(&self, controller: Option<usize>) -> Vec<Arc<DirectoryObject>> {
        let mut objects = self.base.clone();
        for change in &self.changes {
            let seen =
                controller.is_none_or(|index| index == change.origin) || self.calls > change.elsewhere_after;
            if seen {
                apply(&mut objects, &change.edit);
            }
        }
        let mut view: Vec<_> = objects.into_values().collect();
        view.sort_by_key(|object| object.order);
        view
    }

    /// Takes a write at a controller; `extra` calls are added to the delay.
    pub(crate) fn write(&mut self, controller: usize, extra: u64, edit: Edit) {
        let elsewhere_after = self.calls + self.delay + extra;
        self.changes.push(Arc::new(Change { origin: controller, elsewhere_after, edit }));
    }

    /// The controller with this name (host name or fully qualified, without regard to case), gone or not.
    pub(crate) fn controller(&self, name: &str) -> Option<usize> {
        self.controllers.iter().position(|controller| {
            let host = controller.name.split('.').next().unwrap_or_default();
            controller.name.eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case(name)
        })
    }

    /// Where a write without a named controller goes: the first that is there.
    pub(crate) fn writer(&self) -> Option<usize> {
        self.controllers.iter().position(|controller| !controller.gone)
    }

    /// Where a read without a named controller goes: round and round.
    pub(crate) fn reader(&mut self) -> Option<usize> {
        let there: Vec<usize> =
            (0..self.controllers.len()).filter(|index| !self.controllers[*index].gone).collect();
        let index = self.reads as usize % there.len().max(1);
        self.reads += 1;
        there.get(index).copied()
    }
}

fn apply(objects: &mut Objects, edit: &Edit) {
    match edit {
        Edit::Create(object) => {
            objects.insert(object.guid.as_str().into(), Arc::clone(object));
        }
        Edit::Update { guid, properties } => {
            if let Some(object) = objects.get_mut(guid.as_str()) {
                Arc::make_mut(object).properties.extend(properties.clone());
            }
        }
        Edit::Delete { guid } => {
            objects.remove(guid.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Class;

    fn object(guid: &str) -> Arc<DirectoryObject> {
        let properties = Map::from_iter([("Name".to_owned(), json!(guid))]);
        Arc::new(DirectoryObject { class: Class::User, order: 1, guid: guid.to_owned(), properties })
    }

    fn renamed(name: &str) -> Edit {
        let properties = Map::from_iter([("Name".to_owned(), json!(name))]);
        Edit::Update { guid: "a".into(), properties }
    }

    #[test]
    fn another_controller_sees_a_write_after_the_delay_only() {
        let mut directory = Directory::new(&["dc1.x".into(), "dc2.x".into()], 2);
        directory.tick();
        directory.write(0, 0, Edit::Create(object("a")));
        let mut seen = Vec::new();
        for _ in 0..4 {
            directory.tick();
            assert_eq!(directory.view(Some(0)).len(), 1);
            seen.push(directory.view(Some(1)).len());
        }
        assert_eq!(seen, [0, 0, 1, 1]);
    }

    #[test]
    fn controllers_converge_on_the_later_write() {
        let mut directory = Directory::new(&["dc1.x".into(), "dc2.x".into()], 3);
        directory.write(0, 0, Edit::Create(object("a")));
        directory.settle();
        directory.write(0, 5, renamed("earlier"));
        directory.write(1, 0, renamed("later"));
        assert_eq!(directory.view(Some(0))[0].name(), "earlier");
        for _ in 0..9 {
            directory.tick();
        }
        for controller in [Some(0), Some(1), None] {
            assert_eq!(directory.view(controller)[0].name(), "later");
        }
    }

    #[test]
    fn reads_go_round_the_controllers_that_are_there() {
        let mut directory = Directory::new(&["dc1.x".into(), "dc2.x".into(), "dc3.x".into()], 0);
        directory.controllers[1].gone = true;
        let readers: Vec<_> = (0..4).map(|_| directory.reader()).collect();
        assert_eq!(readers, [Some(0), Some(2), Some(0), Some(2)]);
        assert_eq!(directory.controller("DC2"), Some(1));
    }
}
