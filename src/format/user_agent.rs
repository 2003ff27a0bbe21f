//! What kind of program a `User-Agent` is, coarsely: its name and its class. One pass over its words; a list of
//! versions and devices would be old the day after.

/// What sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAgent {
    /// `user_agent.name`.
    pub name: &'static str,
    pub class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A browser on a desk.
    Desktop,
    /// A browser in a hand.
    Mobile,
    /// Whatever calls itself a bot, a crawler or a spider.
    Bot,
    /// A program or a library: curl, a health check.
    Tool,
    Other,
}

impl Class {
    /// `user_agent.class`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Desktop => "desktop",
            Class::Mobile => "mobile",
            Class::Bot => "bot",
            Class::Tool => "tool",
            Class::Other => "other",
        }
    }
}

/// Browsers by the word that gives them away, the telling ones first: every other browser calls itself Safari,
/// and every derivative of Chrome calls itself Chrome.
const BROWSERS: [(&str, &str); 19] = [
    ("EdgA", "Edge"),
    ("EdgiOS", "Edge"),
    ("Edg", "Edge"),
    ("Edge", "Edge"),
    ("OPR", "Opera"),
    ("OPiOS", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("YaBrowser", "Yandex"),
    ("Vivaldi", "Vivaldi"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Headless Chrome"),
    ("Chrome", "Chrome"),
    ("Chromium", "Chrome"),
    ("Trident", "Internet Explorer"),
    ("MSIE", "Internet Explorer"),
    ("Safari", "Safari"),
];

/// Programs by their first word, in lower case.
const TOOLS: [(&str, &str); 21] = [
    ("curl", "curl"),
    ("wget", "Wget"),
    ("python-requests", "python-requests"),
    ("python-urllib", "Python"),
    ("python", "Python"),
    ("aiohttp", "Python"),
    ("go-http-client", "Go"),
    ("okhttp", "okhttp"),
    ("java", "Java"),
    ("apache-httpclient", "Apache HttpClient"),
    ("axios", "axios"),
    ("node-fetch", "Node"),
    ("node", "Node"),
    ("undici", "Node"),
    ("postmanruntime", "Postman"),
    ("insomnia", "Insomnia"),
    ("kube-probe", "kube-probe"),
    ("prometheus", "Prometheus"),
    ("elb-healthchecker", "ELB health check"),
    ("googlehc", "Google health check"),
    ("logmill", "logmill"),
];

/// Bots by a word of theirs, in lower case; others are called `bot`.
const BOTS: [(&str, &str); 12] = [
    ("googlebot", "Googlebot"),
    ("bingbot", "bingbot"),
    ("yandexbot", "YandexBot"),
    ("baiduspider", "Baiduspider"),
    ("duckduckbot", "DuckDuckBot"),
    ("applebot", "Applebot"),
    ("ahrefsbot", "AhrefsBot"),
    ("semrushbot", "SemrushBot"),
    ("facebookexternalhit", "Facebook"),
    ("gptbot", "GPTBot"),
    ("claudebot", "ClaudeBot"),
    ("uptimerobot", "UptimeRobot"),
];

/// Tells a user agent by its words; `None` for nothing at all.
pub fn classify(text: &[u8]) -> Option<UserAgent> {
    let mut browser = BROWSERS.len();
    let mut mobile = false;
    let mut bot = None;
    let mut first = None;
    for word in words(text) {
        first = first.or(Some(word));
        if let Some(name) = bot_name(word) {
            bot = bot.or(Some(name));
        } else if [&b"Mobile"[..], b"Android", b"iPhone", b"iPad"].contains(&word) {
            mobile = true;
        } else if let Some(at) = BROWSERS.iter().position(|(sign, _)| sign.as_bytes() == word) {
            browser = browser.min(at);
        }
    }
    let first = first?;
    let agent = |name, class| Some(UserAgent { name, class });
    let tool = TOOLS
        .iter()
        .find(|(sign, _)| first.eq_ignore_ascii_case(sign.as_bytes()));
    match (bot, tool, BROWSERS.get(browser)) {
        (Some(name), _, _) => agent(name, Class::Bot),
        (None, Some((_, name)), _) => agent(name, Class::Tool),
        (None, None, Some((_, name))) if mobile => agent(name, Class::Mobile),
        (None, None, Some((_, name))) => agent(name, Class::Desktop),
        (None, None, None) => agent("other", Class::Other),
    }
}

/// The names in it: what stands between blanks, slashes and brackets.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.'))
        .filter(|word| !word.is_empty())
}

fn bot_name(word: &[u8]) -> Option<&'static str> {
    let known = BOTS
        .iter()
        .find(|(sign, _)| word.eq_ignore_ascii_case(sign.as_bytes()));
    let ends = |sign: &str| {
        let from = word.len().checked_sub(sign.len());
        from.is_some_and(|from| word[from..].eq_ignore_ascii_case(sign.as_bytes()))
    };
    match known {
        Some((_, name)) => Some(name),
        None if ["bot", "crawler", "spider"].into_iter().any(ends) => Some("bot"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn well_known_agents() {
        for (text, name, class) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                "Chrome",
                "desktop",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox",
                "desktop",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
                "Edge",
                "desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari",
                "mobile",
            ),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "Googlebot",
                "bot",
            ),
            ("SomeNewBot/1.0", "bot", "bot"),
            ("curl/8.11.0", "curl", "tool"),
            ("kube-probe/1.31", "kube-probe", "tool"),
            ("Mozilla/5.0 zgrab/0.x", "other", "other"),
        ] {
            let found = classify(text.as_bytes()).unwrap();
            assert_eq!((found.name, found.class.name()), (name, class), "{text}");
        }
        assert_eq!(classify(b" / "), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = classify(&text);
        }
    }
}
