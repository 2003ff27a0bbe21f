//! The pipelines and metric sets that are part of the program.

/// Name and text of a shipped file.
pub type Shipped = (&'static str, &'static str);

macro_rules! shipped {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../pipelines", $folder, "/", $name, ".toml")))),+]
    };
}

pub const PIPELINES: &[Shipped] = shipped!["":
    "apache-access",
    "apache-error",
    "aspnetcore-console",
    "aspnetcore-json",
    "auditd",
    "auth",
    "bunyan",
    "caddy-json",
    "cri",
    "docker-json",
    "elasticsearch-server",
    "envoy",
    "go-json",
    "haproxy",
    "hostile",
    "iis-w3c",
    "java-json",
    "journald-export",
    "journald-json",
    "json-lines",
    "kafka",
    "klog",
    "layered",
    "log4j",
    "log4js",
    "logback",
    "logfmt",
    "minio-audit",
    "minio-server",
    "mongodb",
    "morgan",
    "mysql-error",
    "mysql-slow",
    "nginx-access",
    "nginx-error",
    "nginx-ingress",
    "nginx-json",
    "pgbouncer",
    "php-error",
    "pino",
    "plain",
    "postgresql-csv",
    "postgresql-json",
    "postgresql-stderr",
    "python-logging",
    "rabbitmq-json",
    "rabbitmq-text",
    "redis",
    "ruby-logger",
    "s3-access",
    "serilog-clef",
    "serilog-text",
    "spring-boot",
    "syslog-file",
    "syslog-mixed",
    "syslog-rfc3164",
    "syslog-rfc5424",
    "tomcat-access",
    "traefik-clf",
    "traefik-json",
    "winston",
    "zookeeper",
];

pub const METRIC_SETS: &[Shipped] = shipped!["/metrics": "http", "log_levels"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_shipped() {
        let named = |folder: &str| {
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
                .collect();
            names.sort();
            names
        };
        let list = |files: &[Shipped]| files.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
        assert_eq!(
            list(PIPELINES),
            named(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines"))
        );
        assert_eq!(
            list(METRIC_SETS),
            named(concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines/metrics"))
        );
    }
}
