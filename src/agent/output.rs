//! The output that the settings name.

use anyhow::Context;

use crate::config::{Credentials, ElasticsearchSettings, OutputSettings, RejectSettings, WhenFull};
use crate::ship::{self, Elasticsearch, FileOutput, Output, StdoutOutput, rejects};

pub fn build(output: &OutputSettings, rejects: &RejectSettings) -> anyhow::Result<Output> {
    Ok(match output {
        OutputSettings::Elasticsearch(settings) => {
            let built = Elasticsearch::new(&elasticsearch(settings), reject_store(rejects));
            Output::Elasticsearch(built.context("cannot use [elasticsearch]")?)
        }
        OutputSettings::File(settings) => Output::File(FileOutput::new(ship::FileSettings {
            path: settings.path.clone(),
            bytes_max: settings.rotate_bytes,
            keep: settings.rotate_keep,
            sync: ship::FileSync::default(),
        })),
        OutputSettings::Stdout => Output::Stdout(StdoutOutput::default()),
    })
}

pub fn elasticsearch(settings: &ElasticsearchSettings) -> ship::ElasticsearchSettings {
    ship::ElasticsearchSettings {
        hosts: settings.hosts.iter().map(ToString::to_string).collect(),
        auth: match &settings.credentials {
            Credentials::None => ship::Auth::None,
            Credentials::ApiKey(key) => ship::Auth::ApiKey(ship::Secret::new(key.expose())),
            Credentials::Basic { username, password } => ship::Auth::Basic {
                username: username.clone(),
                password: ship::Secret::new(password.expose()),
            },
            Credentials::Bearer(token) => ship::Auth::Bearer(ship::Secret::new(token.expose())),
        },
        proxy: settings.proxy.as_ref().map(|proxy| proxy.expose().to_owned()),
        gzip_level: settings.gzip_level,
        request_timeout: settings.request_timeout,
        retry_max: settings.retry_max,
        requests_max: settings.requests_max.get(),
        ingest_pipeline: settings.ingest_pipeline.clone(),
        bulk_bytes_max: settings.bulk_bytes_max,
        ..ship::ElasticsearchSettings::default()
    }
}

fn reject_store(rejects: &RejectSettings) -> ship::RejectSettings {
    ship::RejectSettings {
        dir: rejects.dir.clone(),
        bytes_max: rejects.bytes_max,
        when_full: match rejects.when_full {
            WhenFull::Stop => rejects::WhenFull::Stop,
            WhenFull::DropOldest => rejects::WhenFull::DropOldest,
        },
    }
}
