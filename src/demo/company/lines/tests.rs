//! The layouts, byte for byte as the real programs wrote them.

use super::super::moment::Moment;
use super::{aspnet, nginx, postgres, rabbit, spring};

#[test]
fn nginx_writes_combined_and_the_rest() {
    let access = nginx::Access {
        client: "127.0.0.1",
        user: "alice",
        request: "GET /index.html HTTP/1.0",
        status: 200,
        sent_bytes: 14,
        referer: "-",
        agent: "curl/7.88.1",
        secs: 0.2519,
        received_bytes: 83,
        session: "-",
    };
    assert_eq!(
        nginx::line(Moment(1_795_368_510_000_000), &access),
        "127.0.0.1 - alice [22/Nov/2026:17:28:30 +0000] \"GET /index.html HTTP/1.0\" 200 14 \"-\" \
         \"curl/7.88.1\" rt=0.252 rl=83 sid=\"-\"\n"
    );
}

#[test]
fn spring_pads_the_level_and_the_logger() {
    let at = Moment(1_795_368_301_446_000);
    let app = spring::App {
        name: "shop-api",
        pid: 32279,
    };
    let message = "Starting service [Tomcat]";
    let logger = "o.apache.catalina.core.StandardService";
    assert_eq!(
        spring::line(at, app, "INFO", "main", logger, message),
        "2026-11-22T17:25:01.446Z  INFO 32279 --- [shop-api] [main] \
         o.apache.catalina.core.StandardService   : Starting service [Tomcat]\n"
    );
    assert_eq!(
        spring::line_with_trace(at, app, "main", "shop.App", "no", "a.B: c\n\tat d.E(F.java:1)\n"),
        "2026-11-22T17:25:01.446Z ERROR 32279 --- [shop-api] [main] \
         shop.App                                 : no\n\na.B: c\n\tat d.E(F.java:1)\n\n"
    );
}

#[test]
fn aspnet_indents_the_body_by_six() {
    assert_eq!(
        aspnet::lines(
            Moment(1_795_369_772_020_000),
            "fail",
            "Acme.Mes.Api[14]",
            0,
            "first\n   at Second()"
        ),
        "2026-11-22 17:49:32.020 fail: Acme.Mes.Api[14][0]\n      first\n         at Second()\n"
    );
}

#[test]
fn postgres_leaves_the_session_out_where_there_is_none() {
    let at = Moment(1_795_368_304_508_000);
    let mut process = postgres::Process {
        pid: 58,
        session: Some(("postgres", "shop")),
    };
    assert_eq!(
        postgres::line(at, process, "LOG", "duration: 30.275 ms  statement: select\n1"),
        "2026-11-22 17:25:04.508 UTC [58] postgres@shop LOG:  duration: 30.275 ms  statement: select\n\t1\n"
    );
    process.session = None;
    assert_eq!(
        postgres::line(at, process, "LOG", "checkpoint starting: time"),
        "2026-11-22 17:25:04.508 UTC [58] LOG:  checkpoint starting: time\n"
    );
}

#[test]
fn rabbit_repeats_its_header() {
    assert_eq!(
        rabbit::lines(Moment(1_795_370_426_031_166), "error", 766, "one\ntwo"),
        "2026-11-22 18:00:26.031166+00:00 [error] <0.766.0> one\n\
         2026-11-22 18:00:26.031166+00:00 [error] <0.766.0> two\n"
    );
}
