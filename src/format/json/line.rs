use super::scan::{Broken, Scan};
use crate::format::Mismatch;
use crate::format::rule::{Extras, Found, NodeId, Place, Rule};
use crate::pattern::Scene;

/// Reads a line that is one JSON object, and blanks around it. In one pass: a value that nobody wants is skipped over, and
/// copied as it is where the rule keeps it.
///
/// What is no such line, or nests deeper than [`crate::limits::JSON_DEPTH_MAX`], or has more than
/// [`crate::limits::EXTRAS_MAX`] unknown keys, sets nothing.
pub fn parse<'a>(rule: &Rule, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
    let body = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let mut few = Default::default();
    let places = rule.places(&mut few, scene.arena);
    let mut line = Line {
        rule,
        scan: Scan::new(body, 0),
        extras: Extras::new(scene),
        places,
        utf8: simdutf8::basic::from_utf8(body).is_ok(),
    };
    match line.read(scene) {
        Ok(()) => Ok(()),
        Err(Broken) => {
            line.extras.undo(scene);
            Err(Mismatch {
                at: text.len() - body.len() + line.scan.at(),
            })
        }
    }
}

struct Line<'a, 'r> {
    rule: &'r Rule,
    scan: Scan<'a>,
    extras: Extras<'a>,
    places: &'r mut [Place<'a>],
    utf8: bool,
}

impl<'a> Line<'a, '_> {
    fn read(&mut self, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        self.scan.expect(b'{')?;
        self.object(NodeId::ROOT, 1, scene)?;
        self.scan.blanks();
        if self.scan.peek().is_some() {
            return Err(Broken);
        }
        let dirty = self.dirty();
        self.rule
            .finish(self.places, dirty, &mut self.extras, scene)
            .map_err(|_| Broken)
    }

    fn dirty(&self) -> bool {
        !self.utf8 || self.scan.has_surrogates()
    }

    /// An object behind its brace, `depth` levels deep. Recursive along the rule's paths only.
    fn object(&mut self, node: NodeId, depth: usize, scene: &mut Scene<'a, '_>) -> Result<(), Broken> {
        if self.scan.take(b'}') {
            return Ok(());
        }
        loop {
            let (key, escaped) = self.scan.key()?;
            let key = if escaped {
                super::unescaped(key, scene.arena)
            } else {
                key
            };
            self.member(node, key, depth, scene)?;
            if self.scan.take(b'}') {
                return Ok(());
            }
            self.scan.expect(b',')?;
        }
    }

    fn member(
        &mut self,
        node: NodeId,
        key: &'a [u8],
        depth: usize,
        scene: &mut Scene<'a, '_>,
    ) -> Result<(), Broken> {
        let member = self.rule.member(node, key).unwrap_or_default();
        if let Some(inner) = member.node {
            self.scan.blanks();
            if self.scan.peek() == Some(b'{') && depth < crate::limits::JSON_DEPTH_MAX {
                self.scan.jump(self.scan.at() + 1);
                return self.object(inner, depth + 1, scene);
            }
        }
        let (raw, shape) = self.scan.value(depth)?;
        let found = Found::Json(raw, shape);
        if let Some(path) = member.path {
            self.places[usize::from(path)].found = found;
            return Ok(());
        }
        let found = (found, self.dirty());
        self.rule
            .leave((node, key), member.otherwise, found, &mut self.extras, scene)
            .map_err(|_| Broken)
    }
}
