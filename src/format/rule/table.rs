use xxhash_rust::xxh3::xxh3_64;

use crate::event::FieldId;

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
    members: Vec<(Box<[u8]>, Member)>,
    /// Open addressing: a member's index plus one at the first free place from its hash on; 0 is free. The length is a
    /// power of two, and at most half of it is in use.
    index: Vec<u16>,
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
    /// An extra of this name would be the field's twin.
    Field(FieldId),
    /// Likewise, and the field cannot have just any value.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u16);

impl NodeId {
    /// The line's own object.
    pub const ROOT: NodeId = NodeId(0);
}

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
    pub fn want(&mut self, source: &str) -> usize {
        if let Some(known) = self.sources.iter().position(|known| &**known == source) {
            return known;
        }
        let path = self.sources.len();
        self.sources.push(source.into());
        self.edit(source, |member| member.path = u16::try_from(path).ok());
        path
    }

    /// Says what a key becomes that is not wanted.
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

    pub fn source(&self, path: usize) -> &[u8] {
        self.sources[path].as_bytes()
    }

    /// What becomes of a wanted path that was not used.
    pub fn otherwise(&self, path: usize) -> Otherwise {
        self.member(NodeId::ROOT, self.source(path))
            .unwrap_or_default()
            .otherwise
    }

    pub fn prefix(&self, node: NodeId) -> &[u8] {
        self.nodes[usize::from(node.0)].prefix.as_bytes()
    }

    #[inline]
    pub fn member(&self, node: NodeId, key: &[u8]) -> Option<Member> {
        self.nodes[usize::from(node.0)].get(key)
    }
}

impl Node {
    #[inline]
    fn get(&self, key: &[u8]) -> Option<Member> {
        let mut at = hash(key);
        loop {
            // An empty index has no place at all.
            match *self.index.get(at & self.index.len().wrapping_sub(1))? {
                0 => return None,
                member => {
                    let (name, member) = &self.members[usize::from(member) - 1];
                    if **name == *key {
                        return Some(*member);
                    }
                }
            }
            at = at.wrapping_add(1);
        }
    }

    /// The member called `key`, which is made if it is not there.
    fn edit(&mut self, key: &str) -> &mut Member {
        let known = self
            .members
            .iter()
            .position(|(name, _)| **name == *key.as_bytes());
        let at = known.unwrap_or_else(|| {
            self.members.push((key.as_bytes().into(), Member::default()));
            self.reindex();
            self.members.len() - 1
        });
        &mut self.members[at].1
    }

    fn reindex(&mut self) {
        self.index = vec![0; (self.members.len() * 2).next_power_of_two()];
        for (member, (name, _)) in self.members.iter().enumerate() {
            let mut at = hash(name);
            while self.index[at & (self.index.len() - 1)] != 0 {
                at = at.wrapping_add(1);
            }
            let places = self.index.len();
            self.index[at & (places - 1)] = member as u16 + 1;
        }
    }
}

#[inline]
fn hash(key: &[u8]) -> usize {
    xxh3_64(key) as usize
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
        let walk = |keys: &[&str]| {
            let mut node = NodeId::ROOT;
            let (last, way) = keys.split_last().unwrap();
            for key in way {
                node = table.member(node, key.as_bytes())?.node?;
            }
            table.member(node, last.as_bytes())?.path.map(usize::from)
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
        for number in 0..300u16 {
            let member = table.member(NodeId::ROOT, format!("key{number}").as_bytes());
            assert_eq!(member.unwrap().path, Some(number));
        }
        assert_eq!(table.member(NodeId::ROOT, b"key300"), None);
    }
}
