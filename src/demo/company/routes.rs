//! What can be asked of the three systems, how often it is, and how long it takes.

use super::system::System;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file that nginx serves itself, and that browsers keep.
    Asset,
    /// A page of the front end; the next requests of the session come from it.
    Page,
    /// Answered by the back end.
    Api,
    /// Likewise; its success makes an order.
    Order,
    /// Likewise; asked by a printer.
    Telemetry,
}

/// One route of one system. Braces in `path` stand for ids: `{order}`, `{model}`, `{customer}`, `{sku}`,
/// `{printer}`, `{page}`.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub kind: Kind,
    /// Of the system's requests, relative to its other routes.
    pub weight: u32,
    /// Latencies are log-normal: median in milliseconds, and sigma.
    pub median_ms: f64,
    pub sigma: f64,
    /// Median size of the answer's body, in bytes.
    pub sent_bytes: f64,
    /// Median size of the request's body, in bytes.
    pub received_bytes: f64,
}

impl System {
    /// Relative to the other systems.
    pub fn weight(self) -> u32 {
        match self {
            System::Shop => 60,
            System::Crm => 22,
            System::Mes => 18,
        }
    }

    pub fn routes(self) -> &'static [Route] {
        match self {
            System::Shop => &SHOP,
            System::Crm => &CRM,
            System::Mes => &MES,
        }
    }
}

use Kind::{Api, Asset, Order, Page, Telemetry};

const SHOP: [Route; 17] = [
    route("GET", "/", Page, 60, (3.0, 0.5), (4_180.0, 0.0)),
    route(
        "GET",
        "/assets/app.3f9c1b2e.js",
        Asset,
        90,
        (0.4, 0.8),
        (184_320.0, 0.0),
    ),
    route(
        "GET",
        "/assets/main.7d41c0aa.css",
        Asset,
        80,
        (0.3, 0.8),
        (22_870.0, 0.0),
    ),
    route("GET", "/assets/logo.svg", Asset, 60, (0.2, 0.8), (3_112.0, 0.0)),
    route(
        "GET",
        "/catalog?page={page}",
        Page,
        70,
        (4.0, 0.5),
        (5_230.0, 0.0),
    ),
    route("GET", "/catalog/{sku}", Page, 90, (4.0, 0.5), (5_410.0, 0.0)),
    route("GET", "/orders/{order}", Page, 30, (4.0, 0.5), (4_420.0, 0.0)),
    route(
        "GET",
        "/api/catalog?page={page}",
        Api,
        110,
        (18.0, 0.6),
        (7_300.0, 0.0),
    ),
    route("GET", "/api/catalog/{sku}", Api, 110, (9.0, 0.6), (1_450.0, 0.0)),
    route("GET", "/api/cart", Api, 70, (7.0, 0.6), (620.0, 0.0)),
    route("POST", "/api/cart/items", Api, 35, (14.0, 0.6), (210.0, 160.0)),
    route("POST", "/api/models", Api, 6, (900.0, 0.9), (320.0, 2_400_000.0)),
    route("GET", "/api/models/{model}", Api, 45, (11.0, 0.6), (900.0, 0.0)),
    route(
        "POST",
        "/api/models/{model}/price",
        Api,
        25,
        (240.0, 0.7),
        (280.0, 330.0),
    ),
    route("POST", "/api/orders", Order, 18, (60.0, 0.6), (190.0, 740.0)),
    route("GET", "/api/orders/{order}", Api, 60, (10.0, 0.6), (1_130.0, 0.0)),
    route("POST", "/api/session", Api, 15, (85.0, 0.3), (120.0, 90.0)),
];

const CRM: [Route; 10] = [
    route("GET", "/", Page, 20, (3.0, 0.5), (3_650.0, 0.0)),
    route(
        "GET",
        "/assets/crm.90aa17fe.js",
        Asset,
        25,
        (0.4, 0.8),
        (311_200.0, 0.0),
    ),
    route(
        "GET",
        "/customers/{customer}",
        Page,
        30,
        (4.0, 0.5),
        (3_700.0, 0.0),
    ),
    route(
        "GET",
        "/api/customers?page={page}",
        Api,
        40,
        (26.0, 0.6),
        (11_800.0, 0.0),
    ),
    route(
        "GET",
        "/api/customers/{customer}",
        Api,
        60,
        (12.0, 0.6),
        (1_650.0, 0.0),
    ),
    route(
        "POST",
        "/api/customers/{customer}/notes",
        Api,
        12,
        (16.0, 0.6),
        (140.0, 420.0),
    ),
    route(
        "GET",
        "/api/orders?status=new",
        Api,
        40,
        (31.0, 0.7),
        (9_400.0, 0.0),
    ),
    route("GET", "/api/orders/{order}", Api, 45, (13.0, 0.6), (1_240.0, 0.0)),
    route(
        "PUT",
        "/api/orders/{order}/status",
        Api,
        18,
        (22.0, 0.6),
        (95.0, 60.0),
    ),
    route(
        "GET",
        "/api/reports/daily",
        Api,
        3,
        (1_300.0, 0.5),
        (46_000.0, 0.0),
    ),
];

const MES: [Route; 9] = [
    route("GET", "/", Page, 12, (3.0, 0.5), (3_980.0, 0.0)),
    route(
        "GET",
        "/assets/mes.5be0d2c1.js",
        Asset,
        15,
        (0.4, 0.8),
        (268_400.0, 0.0),
    ),
    route("GET", "/jobs", Page, 15, (4.0, 0.5), (3_980.0, 0.0)),
    route(
        "GET",
        "/api/jobs?state=running",
        Api,
        40,
        (15.0, 0.6),
        (8_700.0, 0.0),
    ),
    route("GET", "/api/jobs/{order}", Api, 35, (8.0, 0.6), (960.0, 0.0)),
    route(
        "PUT",
        "/api/jobs/{order}/priority",
        Api,
        6,
        (12.0, 0.6),
        (80.0, 40.0),
    ),
    route(
        "GET",
        "/api/printers/{printer}",
        Api,
        40,
        (6.0, 0.6),
        (530.0, 0.0),
    ),
    route(
        "POST",
        "/api/printers/{printer}/telemetry",
        Telemetry,
        90,
        (5.0, 0.5),
        (0.0, 1_900.0),
    ),
    route(
        "GET",
        "/api/models/{model}/gcode",
        Api,
        8,
        (320.0, 0.8),
        (5_600_000.0, 0.0),
    ),
];

const fn route(
    method: &'static str,
    path: &'static str,
    kind: Kind,
    weight: u32,
    (median_ms, sigma): (f64, f64),
    (sent_bytes, received_bytes): (f64, f64),
) -> Route {
    Route {
        method,
        path,
        kind,
        weight,
        median_ms,
        sigma,
        sent_bytes,
        received_bytes,
    }
}
