//! The log files that the company writes, and how to read each.

use super::lines::nginx::LOG_FORMAT;

/// One log file of the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogFile {
    ShopAccess,
    CrmAccess,
    MesAccess,
    ShopApp,
    CrmApp,
    MesApp,
    Postgres,
    Rabbit,
}

impl LogFile {
    pub const ALL: [LogFile; 8] = [
        LogFile::ShopAccess,
        LogFile::CrmAccess,
        LogFile::MesAccess,
        LogFile::ShopApp,
        LogFile::CrmApp,
        LogFile::MesApp,
        LogFile::Postgres,
        LogFile::Rabbit,
    ];

    /// Below the directory that the logs are written to.
    pub fn path(self) -> &'static str {
        match self {
            LogFile::ShopAccess => "shop/nginx/access.log",
            LogFile::CrmAccess => "crm/nginx/access.log",
            LogFile::MesAccess => "mes/nginx/access.log",
            LogFile::ShopApp => "shop/app/shop-api.log",
            LogFile::CrmApp => "crm/app/crm-api.log",
            LogFile::MesApp => "mes/app/mes-api.log",
            LogFile::Postgres => "postgresql/postgresql.log",
            LogFile::Rabbit => "rabbitmq/rabbit.log",
        }
    }

    /// Whose log it is. A system's front end and back end share the name, so that one row tells how it is.
    pub fn service(self) -> &'static str {
        match self {
            LogFile::ShopAccess | LogFile::ShopApp => "shop",
            LogFile::CrmAccess | LogFile::CrmApp => "crm",
            LogFile::MesAccess | LogFile::MesApp => "mes",
            LogFile::Postgres => "postgresql",
            LogFile::Rabbit => "rabbitmq",
        }
    }

    /// The name of the built-in pipeline that reads it.
    pub fn pipeline(self) -> &'static str {
        match self {
            LogFile::ShopAccess | LogFile::CrmAccess | LogFile::MesAccess => "nginx-access",
            LogFile::ShopApp | LogFile::CrmApp => "spring-boot",
            LogFile::MesApp => "aspnetcore-console",
            LogFile::Postgres => "postgresql-stderr",
            LogFile::Rabbit => "rabbitmq-text",
        }
    }

    /// The host's own format string, for the pipelines that can be given one: the input's `format`.
    pub fn format(self) -> Option<&'static str> {
        match self {
            LogFile::ShopAccess | LogFile::CrmAccess | LogFile::MesAccess => Some(LOG_FORMAT),
            _ => None,
        }
    }
}
