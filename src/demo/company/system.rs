//! The three systems of the company.

use super::files::LogFile;
use super::lines::postgres::Process;
use super::lines::spring::App;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Shop,
    Crm,
    Mes,
}

impl System {
    pub const ALL: [System; 3] = [System::Shop, System::Crm, System::Mes];

    pub fn access_log(self) -> LogFile {
        match self {
            System::Shop => LogFile::ShopAccess,
            System::Crm => LogFile::CrmAccess,
            System::Mes => LogFile::MesAccess,
        }
    }

    pub fn host(self) -> &'static str {
        match self {
            System::Shop => "shop.example.com",
            System::Crm => "crm.example.com",
            System::Mes => "mes.example.com",
        }
    }
}

pub const SHOP_APP: App = App {
    name: "shop-api",
    pid: 32_279,
};

pub const CRM_APP: App = App {
    name: "crm-api",
    pid: 1_184,
};

/// The server's own processes write without a session.
pub const POSTMASTER: Process = Process {
    pid: 46,
    session: None,
};

pub const CHECKPOINTER: Process = Process {
    pid: 48,
    session: None,
};
