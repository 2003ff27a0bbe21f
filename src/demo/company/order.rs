//! One order and its way: placed in the Shop, taken up by the CRM, made by the MES, with RabbitMQ between them.
//!
//! ```text
//! Placed ─▶ Published ─▶ TakenUp ─▶ Confirmed ─▶ Accepted ─▶ Started ─▶ Made
//! └─── Shop ───┘  lost?  └──── CRM ────┘  lost?  └────────── MES ──────────┘
//! ```
//!
//! Nothing says that an order was lost: the next system just never mentions it.

use super::files::LogFile;
use super::ledger::Gap;
use super::lines::{aspnet, rabbit, spring};
use super::moment::Moment;
use super::people::{PRINTERS, Session};
use super::random::Random;
use super::system::{CRM_APP, SHOP_APP};
use super::world::{Happening, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Placed,
    Published,
    TakenUp,
    Confirmed,
    Accepted,
    Started,
    Made,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub id: u64,
    customer: u64,
    model: String,
    material: &'static str,
    parts: u64,
    total_cents: u64,
    printer: u64,
    work_secs: f64,
    /// Settled when the order is placed, known to nobody.
    fate: Option<Gap>,
}

impl Order {
    /// `lost_share` is the probability that it gets lost on its way.
    pub fn new(id: u64, customer: &Session, lost_share: f64, random: &mut Random) -> Self {
        let fate = random
            .chance(lost_share)
            .then(|| random.pick(&[Gap::ShopToCrm, Gap::CrmToMes]));
        Order {
            id,
            customer: customer.number,
            model: customer.model.clone(),
            material: random.pick(&["PLA", "PETG", "ABS", "TPU", "PA12"]),
            parts: 1 + random.below(6),
            total_cents: random.log_normal(6_500.0, 0.8) as u64,
            printer: 1 + random.below(PRINTERS),
            work_secs: random.between(4.0, 14.0),
            fate,
        }
    }

    /// What travels between the systems.
    fn payload(&self) -> String {
        format!(
            r#"{{"id":{},"customer":"C-{}","model":"{}","material":"{}","parts":{},"total":{}}}"#,
            self.id,
            self.customer,
            self.model,
            self.material,
            self.parts,
            self.total()
        )
    }

    fn total(&self) -> String {
        format!("{}.{:02}", self.total_cents / 100, self.total_cents % 100)
    }
}

impl World {
    /// Takes `order` through `step` and plans the next one, if there is one.
    pub fn order(&mut self, at: Moment, order: Box<Order>, step: Step) {
        match step {
            Step::Placed => {
                self.ledger.placed += 1;
                let message = format!(
                    "Order {} placed by customer C-{}: {} parts, total {} EUR",
                    order.id,
                    order.customer,
                    order.parts,
                    order.total()
                );
                self.shop_says(at, "shop.orders.OrderService", &message);
                self.order_goes_on(at, 0.004, 0.040, order, Step::Published);
            }
            Step::Published => {
                let message = format!(
                    "Order {} published to exchange shop.orders: {}",
                    order.id,
                    order.payload()
                );
                self.shop_says(at, "shop.orders.OrderPublisher", &message);
                if order.fate == Some(Gap::ShopToCrm) {
                    self.lose(at, &order, Gap::ShopToCrm);
                } else {
                    self.order_goes_on(at, 0.1, 1.5, order, Step::TakenUp);
                }
            }
            Step::TakenUp => {
                self.ledger.taken_up += 1;
                let message = format!("Order {} taken up from queue crm.orders", order.id);
                self.crm_says(at, "crm.orders.OrderListener", &message);
                self.order_goes_on(at, 0.05, 0.6, order, Step::Confirmed);
            }
            Step::Confirmed => {
                let message = format!(
                    "Order {} confirmed for customer C-{}, published to exchange crm.orders: {}",
                    order.id,
                    order.customer,
                    order.payload()
                );
                self.crm_says(at, "crm.orders.ConfirmationService", &message);
                if order.fate == Some(Gap::CrmToMes) {
                    self.lose(at, &order, Gap::CrmToMes);
                } else {
                    self.order_goes_on(at, 0.1, 2.0, order, Step::Accepted);
                }
            }
            Step::Accepted => {
                self.ledger.accepted += 1;
                let body = format!(
                    "Order {} accepted from queue mes.orders: {} parts, {}",
                    order.id, order.parts, order.material
                );
                self.mes_says(at, "Acme.Mes.Orders.OrderConsumer", 100, &body);
                self.order_goes_on(at, 0.5, 4.0, order, Step::Started);
            }
            Step::Started => {
                let body = format!("Order {} started on printer P-{:02}", order.id, order.printer);
                self.mes_says(at, "Acme.Mes.Production.JobScheduler", 210, &body);
                let secs = order.work_secs;
                self.order_goes_on(at, secs, secs, order, Step::Made);
            }
            Step::Made => {
                self.ledger.made += 1;
                let body = format!(
                    "Order {} made on printer P-{:02} in {:.1} s",
                    order.id, order.printer, order.work_secs
                );
                self.mes_says(at, "Acme.Mes.Production.JobScheduler", 220, &body);
            }
        }
    }

    fn order_goes_on(&mut self, at: Moment, low: f64, high: f64, order: Box<Order>, step: Step) {
        let next = at.after(self.random.between(low, high));
        self.agenda.push(next, Happening::Order(order, step));
    }

    fn lose(&mut self, at: Moment, order: &Order, gap: Gap) {
        self.ledger.lose(order.id, gap, at);
        // Half of them leave a trace in RabbitMQ's log, of the connection and not of the order.
        if self.random.chance(0.5) {
            let process = 700 + self.random.below(9_000) as u32;
            let port = 32_768 + self.random.below(28_000);
            let user = match gap {
                Gap::ShopToCrm => "crm",
                Gap::CrmToMes => "mes",
            };
            let message = format!(
                "closing AMQP connection <0.{process}.0> (10.20.1.17:{port} -> 10.20.1.5:5672, vhost: '/', user: '{user}'):\n\
                 client unexpectedly closed TCP connection"
            );
            self.write(
                at,
                LogFile::Rabbit,
                rabbit::lines(at, "warning", process, &message),
            );
        }
    }

    fn shop_says(&mut self, at: Moment, logger: &str, message: &str) {
        let thread = self.web_thread();
        self.write(
            at,
            LogFile::ShopApp,
            spring::line(at, SHOP_APP, "INFO", &thread, logger, message),
        );
    }

    fn crm_says(&mut self, at: Moment, logger: &str, message: &str) {
        let thread = "org.springframework.amqp.rabbit.RabbitListenerEndpointContainer#0-1";
        self.write(
            at,
            LogFile::CrmApp,
            spring::line(at, CRM_APP, "INFO", thread, logger, message),
        );
    }

    fn mes_says(&mut self, at: Moment, category: &str, event_id: u32, body: &str) {
        self.write(
            at,
            LogFile::MesApp,
            aspnet::lines(at, "info", category, event_id, body),
        );
    }
}
