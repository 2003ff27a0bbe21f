use super::ends::Ends;
use super::written::Written;

/// Wanted paths as a tree that a line's objects are walked along.
///
/// `a.b.c` may be the key `a.b.c`, or the object `a` with the key `b.c`, or `a.b` with `c`, or three levels: each node
/// has a member for each way to go on.
#[derive(Clone, Debug)]
pub(super) struct Table {
    nodes: Vec<Node>,
    /// The wanted paths as the pipeline writes them.
    sources: Vec<Box<str>>,
}

/// An object that holds wanted keys.
#[derive(Clone, Debug, Default)]
struct Node {
    /// The path to it with a dot behind; empty for the line itself.
    prefix: Box<str>,
    /// Open addressing: a member stands at the first free place from its key's hash on. The length is a power of two (or
    /// nothing), and at most half of it is in use.
    members: Box<[Entry]>,
    /// How many places are in use.
    used: usize,
    /// The number of the first place among those of all nodes, for [`crate::pattern::Sequels`]. Behind the places is one
    /// more number, for the beginning of the object.
    number: usize,
}

/// A place in the table of a node.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// [`Ends::NONE`] where the place is free.
    ends: Ends,
    key: Box<[u8]>,
    pub written: Written,
    pub member: Member,
}

impl Entry {
    fn is_free(&self) -> bool {
        self.ends == Ends::NONE
    }
}

/// What a key of an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    /// The wanted path that ends here.
    pub path: Option<u16>,
    /// The node, where the key's value is an object and has wanted keys.
    pub node: Option<NodeId>,
    /// What its value becomes where it is not wanted, or not used.
    pub otherwise: Otherwise,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// What unknown keys become.
    #[default]
    Extra,
    /// An extra, and no object: what is one becomes its JSON as a text.
    Leaf,
    /// Its name is taken, always or unless it is an object: the number of what it becomes then.
    Taken(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u16);

impl NodeId {
    /// The line's own object.
    pub const ROOT: NodeId = NodeId(0);
}

/// A key that nobody names.
pub(super) static UNKNOWN: Member = Member {
    path: None,
    node: None,
    otherwise: Otherwise::Extra,
};

impl Default for Table {
    fn default() -> Self {
        Table {
            nodes: vec![Node::default()],
            sources: Vec::new(),
        }
    }
}

impl Table {
    /// How many paths are wanted.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// The number of a wanted path, a new one when it is seen for the first time.
    ///
    /// A pipeline names at most [`crate::event::Schema::FIELDS_MAX`] fields, and has no more paths than numbers.
    pub fn want(&mut self, source: &str) -> u16 {
        if let Some(known) = self.sources.iter().position(|known| &**known == source) {
            return known as u16;
        }
        let path = self.sources.len() as u16;
        self.sources.push(source.into());
        self.edit(source, |member| member.path = Some(path));
        path
    }

    /// Says what a key becomes that is not wanted. Of what is said of a key twice, the last counts.
    pub fn reserve(&mut self, source: &str, otherwise: Otherwise) {
        self.edit(source, |member| member.otherwise = otherwise);
    }

    /// Changes the members that stand for a path, which are made where they are missing.
    fn edit(&mut self, source: &str, change: impl Fn(&mut Member)) {
        let dots: Vec<usize> = source.match_indices('.').map(|(at, _)| at).collect();
        // Every node that lies on the way, and how much of the path is behind it.
        let mut ways = vec![(0, NodeId::ROOT)];
        for &dot in &dots {
            let node = self.node(&source[..=dot]);
            for &(from, parent) in &ways {
                self.nodes[usize::from(parent.0)].edit(&source[from..dot]).node = Some(node);
            }
            ways.push((dot + 1, node));
        }
        for (from, node) in ways {
            change(self.nodes[usize::from(node.0)].edit(&source[from..]));
        }
    }

    fn node(&mut self, prefix: &str) -> NodeId {
        let at = self
            .nodes
            .iter()
            .position(|node| &*node.prefix == prefix)
            .unwrap_or_else(|| {
                self.nodes.push(Node {
                    prefix: prefix.into(),
                    ..Node::default()
                });
                self.nodes.len() - 1
            });
        // A pipeline's fields, and so its paths, number at most `Schema::FIELDS_MAX`.
        NodeId(at as u16)
    }

    pub fn source(&self, path: u16) -> &[u8] {
        self.sources[usize::from(path)].as_bytes()
    }

    /// What becomes of a wanted path that was not used.
    pub fn otherwise(&self, path: u16) -> Otherwise {
        let source = self.source(path);
        self.member(NodeId::ROOT, source, &Ends::of(source))
            .unwrap_or(&UNKNOWN)
            .otherwise
    }

    pub fn prefix(&self, node: NodeId) -> &[u8] {
        self.nodes[usize::from(node.0)].prefix.as_bytes()
    }

    #[inline(always)]
    pub fn member(&self, node: NodeId, key: &[u8], ends: &Ends) -> Option<&Member> {
        let node = self.node_of(node);
        node.find(key, ends).map(|place| &node.members[place].member)
    }

    /// The place of a key, and its member.
    #[inline(always)]
    pub fn find(&self, node: NodeId, key: &[u8], ends: &Ends) -> Option<(u16, &Member)> {
        let node = self.node_of(node);
        let place = node.find(key, ends)?;
        // There are at most four places for each of `Schema::FIELDS_MAX` fields.
        Some((place as u16, &node.members[place].member))
    }

    /// What stands in a place, if there is one.
    #[inline(always)]
    pub fn at(&self, node: NodeId, place: u16) -> Option<&Entry> {
        self.node_of(node).members.get(usize::from(place))
    }

    /// The number of a node's first place, and that of the beginning of its object.
    #[inline(always)]
    pub fn numbers(&self, node: NodeId) -> (usize, usize) {
        let node = self.node_of(node);
        (node.number, node.number + node.members.len())
    }

    /// Numbers the places of all nodes.
    pub fn number(&mut self) {
        let mut next = 0;
        for node in &mut self.nodes {
            node.number = next;
            next += node.members.len() + 1;
        }
    }

    #[inline(always)]
    fn node_of(&self, node: NodeId) -> &Node {
        &self.nodes[usize::from(node.0)]
    }
}

impl Node {
    /// The place of a key that is there.
    #[inline(always)]
    fn find(&self, key: &[u8], ends: &Ends) -> Option<usize> {
        let mut at = ends.hash();
        loop {
            // An empty table has no place at all.
            let place = at & self.members.len().wrapping_sub(1);
            let entry = self.members.get(place)?;
            if entry.ends.same(&entry.key, ends, key) {
                return Some(place);
            }
            if entry.is_free() {
                return None;
            }
            at = at.wrapping_add(1);
        }
    }

    /// The member called `key`, which is made if it is not there.
    fn edit(&mut self, key: &str) -> &mut Member {
        let key = key.as_bytes();
        let ends = Ends::of(key);
        let place = self.find(key, &ends).unwrap_or_else(|| {
            self.used += 1;
            if 2 * self.used > self.members.len() {
                self.grow();
            }
            let place = self.place(key, &ends);
            self.members[place] = Entry {
                ends,
                key: key.into(),
                written: Written::new(key),
                member: Member::default(),
            };
            place
        });
        &mut self.members[place].member
    }

    /// Where the member called `key` is, or where it goes. There must be a free place.
    fn place(&self, key: &[u8], ends: &Ends) -> usize {
        let mask = self.members.len() - 1;
        let mut at = ends.hash() & mask;
        while !self.members[at].is_free() && !self.members[at].ends.same(&self.members[at].key, ends, key) {
            at = (at + 1) & mask;
        }
        at
    }

    /// Makes room for those that are used.
    fn grow(&mut self) {
        let members: Vec<Entry> = std::mem::take(&mut self.members)
            .into_iter()
            .filter(|entry| !entry.is_free())
            .collect();
        let free = Entry {
            ends: Ends::NONE,
            key: Box::default(),
            written: Written::UNFORESEEN,
            member: Member::default(),
        };
        self.members = vec![free; (2 * self.used).next_power_of_two()].into();
        for entry in members {
            let place = self.place(&entry.key, &entry.ends);
            self.members[place] = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_however_its_dots_are_meant() {
        let mut table = Table::default();
        let path = table.want("a.b.c");
        let other = table.want("a.x");
        assert_eq!(table.want("a.b.c"), path);
        let member = |node, key: &str| table.member(node, key.as_bytes(), &Ends::of(key.as_bytes()));
        let walk = |keys: &[&str]| {
            let mut node = NodeId::ROOT;
            let (last, way) = keys.split_last().unwrap();
            for key in way {
                node = member(node, key)?.node?;
            }
            member(node, last)?.path
        };
        for keys in [&["a", "b", "c"][..], &["a.b", "c"], &["a", "b.c"], &["a.b.c"]] {
            assert_eq!(walk(keys), Some(path), "{keys:?}");
        }
        assert_eq!(walk(&["a", "x"]), Some(other));
        assert_eq!(walk(&["a", "c"]), None);
        assert_eq!(walk(&["a"]), None);
        assert_eq!(walk(&["b"]), None);
    }

    #[test]
    fn many_keys_are_told_apart() {
        let mut table = Table::default();
        for number in 0..300 {
            assert_eq!(table.want(&format!("key{number}")), number);
        }
        let member = |key: &str| table.member(NodeId::ROOT, key.as_bytes(), &Ends::of(key.as_bytes()));
        for number in 0..300u16 {
            assert_eq!(member(&format!("key{number}")).unwrap().path, Some(number));
        }
        assert_eq!(member("key300"), None);
    }
}
