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
    "bunyan",
    "caddy-json",
    "cri",
    "docker-json",
    "envoy",
    "haproxy",
    "iis-w3c",
    "json-lines",
    "log4js",
    "logfmt",
    "morgan",
    "nginx-access",
    "nginx-error",
    "nginx-ingress",
    "nginx-json",
    "pino",
    "plain",
    "postgresql-stderr",
    "rabbitmq-text",
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
