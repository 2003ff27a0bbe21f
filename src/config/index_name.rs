/// Part of [`IndexName`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexPart {
    Text(String),
    Dataset,
    Namespace,
    Service,
}

/// The name of the index or data stream of an event, such as `logs-{dataset}-{namespace}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexName {
    parts: Vec<IndexPart>,
}

impl IndexName {
    pub fn parts(&self) -> &[IndexPart] {
        &self.parts
    }

    /// The name for one input. `service` stands for `unknown` when there is none.
    pub fn render(&self, dataset: &str, namespace: &str, service: Option<&str>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            name.push_str(match part {
                IndexPart::Text(text) => text,
                IndexPart::Dataset => dataset,
                IndexPart::Namespace => namespace,
                IndexPart::Service => service.unwrap_or("unknown"),
            });
        }
        name
    }
}
