//! Modules, as the shipped pipelines that read the same logs.

use super::Import;
use super::input::General;
use super::yaml::Node;
use crate::import::plan::Input;

/// Module and fileset, the shipped pipeline, and the paths that Filebeat takes on Linux when none are given.
const SHIPPED: [(&str, &str, &str, &[&str]); 22] = [
    ("nginx", "access", "nginx-access", &["/var/log/nginx/access.log*"]),
    ("nginx", "error", "nginx-error", &["/var/log/nginx/error.log*"]),
    (
        "nginx",
        "ingress_controller",
        "nginx-ingress",
        &["/var/log/nginx/ingress.log*"],
    ),
    (
        "apache",
        "access",
        "apache-access",
        &["/var/log/apache2/access.log*", "/var/log/httpd/access_log*"],
    ),
    (
        "apache",
        "error",
        "apache-error",
        &["/var/log/apache2/error.log*", "/var/log/httpd/error_log*"],
    ),
    ("haproxy", "log", "haproxy", &["/var/log/haproxy.log*"]),
    ("iis", "access", "iis-w3c", &["/var/log/iis/*.log"]),
    (
        "traefik",
        "access",
        "traefik-clf",
        &["/var/log/traefik/access.log*"],
    ),
    (
        "postgresql",
        "log",
        "postgresql-stderr",
        &["/var/log/postgresql/postgresql-*-*.log*"],
    ),
    (
        "mysql",
        "error",
        "mysql-error",
        &["/var/log/mysql/error.log*", "/var/log/mysqld.log*"],
    ),
    (
        "mysql",
        "slowlog",
        "mysql-slow",
        &["/var/log/mysql/mysql-slow.log*", "/var/lib/mysql/*-slow.log"],
    ),
    ("redis", "log", "redis", &["/var/log/redis/redis-server.log*"]),
    ("mongodb", "log", "mongodb", &["/var/log/mongodb/mongodb.log"]),
    (
        "rabbitmq",
        "log",
        "rabbitmq-text",
        &["/var/log/rabbitmq/rabbit@*.log*"],
    ),
    (
        "kafka",
        "log",
        "kafka",
        &["/opt/kafka/logs/server.log*", "/opt/kafka/logs/controller.log*"],
    ),
    (
        "zookeeper",
        "log",
        "zookeeper",
        &["/var/log/zookeeper/zookeeper.log*"],
    ),
    (
        "elasticsearch",
        "server",
        "elasticsearch-server",
        &["/var/log/elasticsearch/*_server.json"],
    ),
    ("envoyproxy", "log", "envoy", &["/var/log/envoy/access.log*"]),
    ("tomcat", "log", "tomcat-access", &["/var/log/tomcat/*access*"]),
    ("auditd", "log", "auditd", &["/var/log/audit/audit.log*"]),
    (
        "system",
        "syslog",
        "syslog-file",
        &["/var/log/messages*", "/var/log/syslog*"],
    ),
    (
        "system",
        "auth",
        "auth",
        &["/var/log/auth.log*", "/var/log/secure*"],
    ),
];

impl Import {
    /// Processors for all events, which the pipelines of modules do not have.
    pub(super) fn beside_modules(&mut self, general: &General) {
        for processor in &general.processors {
            for (name, settings) in processor
                .entries()
                .iter()
                .filter(|(name, _)| !name.starts_with("add_"))
            {
                let why = "the shipped pipelines of modules stay as they are; change a copy in the folder `pipelines`";
                self.note(
                    settings,
                    &format!("processor `{name}` for modules"),
                    Err(why.to_owned()),
                );
            }
        }
    }

    pub(super) fn module(&mut self, mut node: Node) {
        let name = node.take("module");
        let name = name.as_ref().and_then(Node::text).unwrap_or_default().to_owned();
        for (fileset, settings) in node.entries().to_vec() {
            let what = format!("module `{name}`, `{fileset}`");
            let enabled = settings.get("enabled").is_none_or(Node::is_true);
            let shipped = SHIPPED
                .iter()
                .find(|(module, part, ..)| (*module, *part) == (name.as_str(), fileset.as_str()));
            match shipped {
                _ if !enabled => self.note(&settings, &what, Err("it is not enabled".to_owned())),
                None => {
                    let why = "no shipped pipeline is for it; `logmill suggest FILE` drafts one".to_owned();
                    self.note(&settings, &what, Err(why));
                }
                Some((_, _, pipeline, paths)) => {
                    let own = settings.get("var.paths").map(Node::texts).unwrap_or_default();
                    let paths = if own.is_empty() { paths.to_vec() } else { own };
                    self.plan.inputs.push(Input {
                        paths: paths.into_iter().map(super::environment).collect(),
                        pipeline: (*pipeline).to_owned(),
                        ..Input::default()
                    });
                    self.note(&settings, &what, Ok("an [[input]] with a shipped pipeline"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pipeline_is_shipped() {
        let library = crate::pipeline::Library::shipped();
        for (module, fileset, pipeline, paths) in SHIPPED {
            assert!(library.has(pipeline), "{module} {fileset}: {pipeline}");
            assert!(!paths.is_empty());
        }
    }
}
