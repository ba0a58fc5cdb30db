//! What a browser says of itself and of the page that asks: its family, whether a page of ours asks, whether anybody is there.
//!
//! Invariant: a cookie alone changes nothing; the browser has to say that one of our own pages asks, and the page has to say so too.

use axum::http::{HeaderMap, HeaderName, Uri, header};

/// What our pages say with every request: `1`, or [`IDLE`]. No page of another site can send it without asking first.
const PAGE: HeaderName = HeaderName::from_static("x-tillguard");
/// The page asks by itself, and nobody has touched it for minutes.
const IDLE: &str = "idle";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the browser says that a page of ours made the request.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).map(|_| has_own_origin(headers));
    match headers.get(SEC_FETCH_SITE) {
        // Another port of the same host is `same-site`, and no page of ours.
        Some(site) => site == "same-origin" && origin != Some(false),
        // Older browsers, and those that have our page in plain HTTP, do not say it.
        None => origin == Some(true),
    }
}

/// Whether the browser says that a page of another site made the request. One that has our page in plain HTTP says nothing with a GET.
pub fn is_of_another_site(headers: &HeaderMap) -> bool {
    let says_other = headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site != "same-origin");
    says_other || headers.contains_key(header::ORIGIN) && !has_own_origin(headers)
}

/// Whether the page itself says so: every page does but those that were open before it was asked for.
pub fn is_said_by_page(headers: &HeaderMap) -> bool {
    headers.contains_key(PAGE)
}

/// Whether a page asks by itself, with nobody there.
pub fn is_idle(headers: &HeaderMap) -> bool {
    headers.get(PAGE).is_some_and(|said| said == IDLE)
}

fn has_own_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let authority = origin
        .as_ref()
        .and_then(Uri::authority)
        .map(|authority| authority.as_str());
    authority.is_some() && authority == text(header::HOST)
}

/// The family of a browser and its system, as one recognises one's own: `Chrome · Windows`. `None`: a program.
pub fn family(headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let first = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // The special before the general: every one of them calls itself Safari too.
    let browser = first(&[
        ("MicroMessenger/", "WeChat"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ])?;
    let system = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    Some(system.map_or(browser.to_owned(), |system| format!("{browser} · {system}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_page_of_another_site_is_noticed() {
        let from =
            |origin: &str| is_same_origin(&headers(&[("host", "pos.example:8080"), ("origin", origin)]));
        assert!(from("http://pos.example:8080") && from("https://pos.example:8080"));
        for other in [
            "http://pos.example",
            "http://evil.example:8080",
            "null",
            "http://pos.example:8080.evil.example",
        ] {
            assert!(!from(other), "{other}");
        }
        assert!(
            !is_same_origin(&headers(&[("host", "pos.example")])),
            "nobody says it"
        );
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts() {
        let site = |site: &str, origin: Option<&str>| {
            let mut all = headers(&[("host", "pos.example:8080"), ("sec-fetch-site", site)]);
            if let Some(origin) = origin {
                all.insert(header::ORIGIN, origin.parse().unwrap());
            }
            is_same_origin(&all)
        };
        assert!(site("same-origin", None) && site("same-origin", Some("http://pos.example:8080")));
        assert!(!site("same-origin", Some("http://pos.example:9090")));
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(!site(other, Some("http://pos.example:8080")), "{other}");
        }
    }

    #[test]
    fn a_browser_that_says_nothing_of_the_site_says_nothing_against_it() {
        let of = |pairs: &[(&'static str, &str)]| {
            is_of_another_site(&headers(&[&[("host", "pos.example:8080")], pairs].concat()))
        };
        assert!(!of(&[]) && !of(&[("sec-fetch-site", "same-origin")]));
        assert!(!of(&[("origin", "http://pos.example:8080")]));
        for other in ["same-site", "cross-site", "none", ""] {
            assert!(of(&[("sec-fetch-site", other)]), "{other}");
        }
        assert!(of(&[("origin", "http://pos.example:9090")]) && of(&[("origin", "null")]));
    }

    #[test]
    fn a_browser_is_known_by_its_family_and_a_program_by_none() {
        let of = |agent: &str| family(&headers(&[("user-agent", agent)]));
        let chrome = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36";
        assert_eq!(of(chrome).unwrap(), "Chrome · Android");
        assert_eq!(
            of(&format!("{chrome} MicroMessenger/8.0.50")).unwrap(),
            "WeChat · Android"
        );
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1";
        assert_eq!(of(safari).unwrap(), "Safari · iPhone");
        assert_eq!(of("curl/8.5.0"), None);
    }
}
