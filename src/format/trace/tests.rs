use super::*;
use proptest::prelude::*;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Splits `message`, a line end and `trace`, and checks that the cut is where they meet.
#[track_caller]
fn check(message: &str, trace: &str, error_type: &str, error_message: &str) {
    let event = format!("{message}\n{trace}\n");
    let found = split(event.as_bytes()).expect("a trace");
    assert_eq!(text(found.message), message.trim_end());
    assert_eq!(text(found.stack_trace), trace);
    assert_eq!(text(found.error_type), error_type);
    assert_eq!(text(found.error_message), error_message);
}

#[test]
fn java() {
    let trace = "java.lang.RuntimeException: could not save order 0\nDetail: second line\n\tat shop.App.svc(App.java:17)\n\
        \tSuppressed: java.io.IOException: z\n\t\tat a.B.c(B.java:1)\nCaused by: java.lang.IllegalStateException: y\n\
        \t... 29 common frames omitted";
    let said = "could not save order 0\nDetail: second line";
    check(
        "Failed to persist order 0",
        trace,
        "java.lang.RuntimeException",
        said,
    );
    // Spring Boot's %wEx puts a blank line before the trace.
    check(
        "Failed to persist order 0\n",
        trace,
        "java.lang.RuntimeException",
        said,
    );
    check("", trace, "java.lang.RuntimeException", said);
    check(
        "Unhandled: java.lang.RuntimeException: inner\nDetail: of the message",
        "java.util.concurrent.CompletionException: outer\n\tat a.B.c(B.java:1)",
        "java.util.concurrent.CompletionException",
        "outer",
    );
    check(
        "x",
        "com.acme.StacklessException",
        "com.acme.StacklessException",
        "",
    );
    check(
        "x",
        "com.acme.AException: a\nCaused by: com.acme.BException: b",
        "com.acme.AException",
        "a",
    );
}

#[test]
fn a_message_may_have_lines_that_begin_like_an_exception() {
    check(
        "Validation failed:\nOrder.Items: none\nOrder.Total: negative",
        "com.acme.ValidationException: 2 mistakes\n\tat a.B.c(B.java:1)",
        "com.acme.ValidationException",
        "2 mistakes",
    );
    // A panic's message too.
    check(
        "failed",
        "panic: two things\nSyntaxError: x\n\ngoroutine 1 [running]:\nmain.main()",
        "",
        "two things",
    );
}

#[test]
fn dotnet() {
    check(
        "Host terminated unexpectedly",
        "System.AggregateException: One or more errors occurred. (Could not save 3\nDetails: see \"inner\")\n \
         ---> Acme.ValidationException: Could not save 3\nDetails: see \"inner\"\n   at Acme.Repo.Save(Int32 id)\n   \
         --- End of inner exception stack trace ---",
        "System.AggregateException",
        "One or more errors occurred. (Could not save 3\nDetails: see \"inner\")",
    );
    check(
        "failed",
        "System.IO.FileNotFoundException: Could not find file 'a'.\nFile name: 'a'\n   at Acme.Repo.Save(Int32 id)",
        "System.IO.FileNotFoundException",
        "Could not find file 'a'.",
    );
    check(
        "Fehler",
        "System.InvalidOperationException: Die Sequenz enthält keine Elemente.\n   bei Acme.Repo.Save(Int32 id)",
        "System.InvalidOperationException",
        "Die Sequenz enthält keine Elemente.",
    );
}

#[test]
fn dotnet_on_one_line() {
    let arena = bumpalo::Bump::new();
    let event = "Host terminated System.AggregateException: One or more  ---> A.BException: x    at A.B.C()    at A.B.D()";
    assert_eq!(split(event.as_bytes()), None);
    let found = split(unfold(event.as_bytes(), &arena).unwrap()).unwrap();
    assert_eq!(text(found.message), "Host terminated");
    assert_eq!(text(found.error_type), "System.AggregateException");
    assert_eq!(text(found.error_message), "One or more");
    assert!(text(found.stack_trace).ends_with(")\n   at A.B.D()"));
}

#[test]
fn node() {
    let trace =
        "TypeError: x is not a function\n    at next (/app/index.js:256:14)\n    at /app/index.js:615:15";
    check("boom", trace, "TypeError", "x is not a function");
    check(
        "V8",
        "V8 errors stack trace\n  eval at Foo.a (eval at Bar.z (my.js:10:3))",
        "",
        "",
    );
}

#[test]
fn an_event_may_begin_with_the_exception() {
    let event = "Error: render failed\nsecond line\n    at err (gen.js:13:52)\n";
    let found = split(event.as_bytes()).unwrap();
    assert_eq!(text(found.message), "Error: render failed\nsecond line");
    assert_eq!(text(found.error_message), "render failed\nsecond line");
    assert_eq!(text(found.stack_trace), event.trim_end());

    let event = "Failed to load Error: connect ECONNREFUSED\n    at err (gen.js:13:52)";
    let found = split(event.as_bytes()).unwrap();
    assert_eq!(text(found.message), "Failed to load Error: connect ECONNREFUSED");
    assert_eq!(text(found.error_type), "Error");
    assert_eq!(text(found.error_message), "connect ECONNREFUSED");
    assert_eq!(text(found.stack_trace), &event[15..]);
}

#[test]
fn what_an_event_begins_with_is_the_exception_where_a_frame_follows() {
    for (event, error_type, error_message) in [
        (
            "Exception in thread \"main\" com.acme.OrderGone: no order\n\tat a.B.c(B.java:1)",
            "com.acme.OrderGone",
            "no order",
        ),
        (
            "com.acme.OrderGone: no order\n\tat a.B.c(B.java:1)",
            "com.acme.OrderGone",
            "no order",
        ),
        (
            "http: panic serving 10.0.0.1:54143: boom\ngoroutine 24 [running]:\nmain.f()",
            "",
            "10.0.0.1:54143: boom",
        ),
        ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()", "", "boom"),
        (
            "thread 'main' panicked at src/main.rs:2:5:\nboom\nstack backtrace:\n   0: f",
            "",
            "boom",
        ),
    ] {
        let found = split(event.as_bytes()).unwrap();
        assert_eq!(text(found.error_type), error_type, "{event}");
        assert_eq!(text(found.error_message), error_message, "{event}");
        assert_eq!(text(found.stack_trace), event, "{event}");
    }
}

#[test]
fn an_exception_by_itself_needs_no_frames() {
    let said = |text: &'static str| {
        exception(text.as_bytes()).map(|found| {
            let text = |bytes| std::str::from_utf8(bytes).unwrap();
            (text(found.error_type), text(found.error_message))
        })
    };
    assert_eq!(
        said("System.TimeoutException: The operation\nhas timed out."),
        Some(("System.TimeoutException", "The operation\nhas timed out."))
    );
    assert_eq!(
        said("TypeError: x\n    at y (z.js:1:2)"),
        Some(("TypeError", "x"))
    );
    assert_eq!(said("no exception at all"), None);
}

#[test]
fn python_names_the_exception_last() {
    check(
        "failed",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nKeyError: 'a'\n\n\
         During handling of the above exception, another exception occurred:\n\n\
         Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    h()\nshop.Broken: two\nlines",
        "shop.Broken",
        "two\nlines",
    );
    check(
        "failed",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyboardInterrupt",
        "KeyboardInterrupt",
        "",
    );
}

#[test]
fn go() {
    check(
        "failed",
        "panic: my panic\n[signal SIGSEGV]\n\ngoroutine 4 [running]:\nmain.f(0x45)\n\tfoo.go:6 +0x39",
        "",
        "my panic",
    );
    check(
        "failed",
        "http: panic serving [::1]:54143: x\ngoroutine 24 [running]:",
        "",
        "[::1]:54143: x",
    );
}

#[test]
fn php_ruby_dart_rust() {
    check(
        "failed",
        "exception 'Exception' with message 'Custom' in /t.php:5\nStack trace:\n#0 /t.php(9): f()\n#1 {main}",
        "Exception",
        "Custom",
    );
    check(
        "failed",
        " ActionController::RoutingError (No route matches [GET] \"/s\"):\n  \n  rack (2.0.3) lib/r.rb:22:in `call'",
        "ActionController::RoutingError",
        "No route matches [GET] \"/s\"",
    );
    check(
        "failed",
        "app.rb:3:in `foo': undefined method (NoMethodError)\n\tfrom app.rb:9:in `<main>'",
        "NoMethodError",
        "undefined method",
    );
    check(
        "failed",
        "Unhandled exception:\nBad state: oops\n#0      handle (file:///a.dart:16:3)",
        "",
        "Bad state: oops",
    );
    check(
        "failed",
        "thread 'main' panicked at src/main.rs:2:5:\nboom\nstack backtrace:\n   0: rust_begin_unwind",
        "",
        "boom",
    );
    check(
        "failed",
        "thread 'main' (57) panicked at src/main.rs:2:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "",
        "boom",
    );
    check(
        "failed",
        "thread 'main' panicked at 'boom', src/main.rs:2:5\nnote: Run with `RUST_BACKTRACE=1` for a backtrace.",
        "",
        "boom",
    );
    check(
        "failed",
        "App\\OrderLost: no such order in /srv/cart.php:17\nStack trace:\n#0 /t.php(9): f()\n#1 {main}",
        "App\\OrderLost",
        "no such order",
    );
}

#[test]
fn a_panic_that_was_raised_again() {
    check(
        "failed",
        "panic: boom [recovered]\n\tpanic: boom\n\ngoroutine 1 [running]:\nmain.main()",
        "",
        "boom",
    );
}

#[test]
fn traces_that_tomcat_indents() {
    check(
        "Servlet.service() threw",
        "\tjava.lang.IllegalStateException: late\n\t\tat a.B.c(B.java:1)",
        "java.lang.IllegalStateException",
        "late",
    );
}

#[test]
fn groups_of_exceptions() {
    check(
        "failed",
        "  + Exception Group Traceback (most recent call last):\n  |   File \"/a.py\", line 1, in f\n  | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: a",
        "ExceptionGroup",
        "two (2 sub-exceptions)",
    );
}

#[test]
fn what_an_exception_says_ends_where_its_frames_begin() {
    let trace = b"com.acme.OrderGone: no such order\n\tat a.B.c(B.java:1)\nCaused by: x.Y: z\n\t... 2 more";
    let found = exception(trace).unwrap();
    assert_eq!(text(found.error_type), "com.acme.OrderGone");
    assert_eq!(text(found.error_message), "no such order");
}

#[test]
fn a_trace_without_a_head_begins_with_its_frames() {
    check("failed to start", "\tat a.B.c(B.java:1)", "", "");
}

#[test]
fn line_ends_may_be_crlf() {
    let found = split(b"trace\r\njava.lang.IllegalStateException: x\r\n\tat a.B.c(B.java:1)\r\n").unwrap();
    assert_eq!(text(found.message), "trace");
    assert_eq!(text(found.error_type), "java.lang.IllegalStateException");
    assert_eq!(text(found.error_message), "x");
}

#[test]
fn messages_of_several_lines_are_no_traces() {
    for event in [
        "",
        "\n\n",
        "G-code header follows:\n;FLAVOR:Marlin\n;TIME:5960\n\n;MINX:1.0",
        "Executed DbCommand (3ms)\nSELECT o.Id, o.Name\nFROM Orders AS o\nWHERE o.Id = @p (Size = 10)",
        "KafkaConfig values: \n\tadvertised.host.name = null\n\tlog.dirs = /tmp",
        "Error: all is lost\nbut no frame says so",
        "Meet\n  at noon",
    ] {
        assert_eq!(split(event.as_bytes()), None, "{event}");
    }
}

proptest! {
    #[test]
    fn any_text_is_taken(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(vec![
            "\n", "\n", "\r\n", "\tat a.B(", "    at ", "Caused by: ", " ---> ", "java.lang.IOException", ": ", "Error:",
            "Traceback (most recent call last):", "panic: ", "goroutine 1", "#0 ", " (", "):", "exception '", "':", ")",
            "' with message '", "`1[", "::", "Exception in thread \"", "a.rb:3:in `x': ", "Unhandled exception:", " ",
        ]).prop_map(|part| part.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ], 0..16)) {
        let event = parts.concat();
        if let Some(found) = split(&event) {
            // All of the event is there: message, blanks, trace.
            prop_assert!(event.trim_ascii_end().ends_with(found.stack_trace));
                prop_assert!(event.starts_with(found.message));
        }
    }
}
