//! The console's files, inside the binary.
//!
//! Invariant: a name that changes with its content is kept by browsers for ever; the page that names them is asked for
//! again each time.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

/// `web/console/dist` as it was when this was compiled; in a debug build, as it is now.
#[derive(RustEmbed)]
#[folder = "../../web/console/dist"]
struct Console;

/// Scripts that run in a worker of their own, by their folder.
const CONFINED: &str = "assets/confined/";

/// Shown by a debug build when the pages were not built.
const NOT_BUILT: &str = "The console is not built. Run `npm ci && npm run build` in web/console, or use the API at /api/v1.\n\
    控制台页面尚未构建。请在 web/console 运行 `npm ci && npm run build`，或直接使用 /api/v1。\n";

/// A file as it is served.
struct File {
    bytes: Cow<'static, [u8]>,
    media_type: String,
    digest: [u8; 32],
}

fn embedded(path: &str) -> Option<File> {
    let file = Console::get(path)?;
    let media_type = file.metadata.mimetype().to_owned();
    Some(File {
        media_type,
        digest: file.metadata.sha256_hash(),
        bytes: file.data,
    })
}

/// Answers a request for a page or a file of the console.
pub fn serve(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    answer(embedded, path.trim_start_matches('/'), headers)
}

/// A file by its path; any other path without a dot in its last part is a page of the console, which finds its own way.
fn answer(find: impl Fn(&str) -> Option<File>, path: &str, headers: &HeaderMap) -> Response {
    let is_page = !path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let path = if is_page { "index.html" } else { path };
    let Some(plain) = find(path) else {
        return match is_page {
            true => (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        };
    };
    let packed = if accepts_brotli(headers) {
        find(&format!("{path}.br"))
    } else {
        None
    };
    let encoding = packed.is_some().then_some("br");
    let media_type = plain.media_type.clone();
    let file = packed.unwrap_or(plain);
    // Weak: on its way out the file may still be packed another way.
    let etag = format!("W/\"{}\"", domain::hex::of(&file.digest[..16]));
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(file.bytes).into_response(),
    };
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    if path.starts_with(CONFINED) {
        response.extensions_mut().insert(api::Confined);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    for (name, value) in [(header::CONTENT_TYPE, media_type), (header::ETAG, etag)] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    response
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next() == Some("br")
            && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(path: &str) -> Option<File> {
        let (bytes, media_type): (&[u8], _) = match path {
            "index.html" => (b"page", "text/html"),
            "assets/a-1.js" => (b"script", "text/javascript"),
            "assets/confined/w-1.js" => (b"worker", "text/javascript"),
            "assets/a-1.js.br" => (b"packed", "application/octet-stream"),
            _ => return None,
        };
        Some(File {
            bytes: bytes.into(),
            media_type: media_type.into(),
            digest: [bytes[0]; 32],
        })
    }

    fn get(path: &str, headers: &[(header::HeaderName, &'static str)]) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        answer(built, path, &headers)
    }

    fn header_of(response: &Response, name: header::HeaderName) -> &str {
        response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn files_that_change_their_name_are_kept_and_the_page_is_not() {
        assert_eq!(
            header_of(&get("assets/a-1.js", &[]), header::CACHE_CONTROL),
            "public, max-age=31536000, immutable"
        );
        for page in ["", "incidents/7K2M9QXA", "terminals"] {
            let response = get(page, &[]);
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-cache");
            assert_eq!(header_of(&response, header::CONTENT_TYPE), "text/html");
        }
        assert_eq!(get("assets/gone.js", &[]).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn packed_files_go_to_those_who_accept_them() {
        let packed = get("assets/a-1.js", &[(header::ACCEPT_ENCODING, "gzip, br;q=0.9")]);
        assert_eq!(header_of(&packed, header::CONTENT_ENCODING), "br");
        assert_eq!(header_of(&packed, header::CONTENT_TYPE), "text/javascript");
        for refused in ["gzip", "br;q=0, gzip", ""] {
            let plain = get("assets/a-1.js", &[(header::ACCEPT_ENCODING, refused)]);
            assert_eq!(header_of(&plain, header::CONTENT_ENCODING), "");
        }
    }

    #[test]
    fn only_scripts_of_workers_are_confined() {
        let confined = |path, headers: &[_]| get(path, headers).extensions().get::<api::Confined>().is_some();
        assert!(confined("assets/confined/w-1.js", &[]));
        // Kept by the browser, it is confined all the same.
        let etag = format!("W/\"{}\"", "77".repeat(16));
        let unchanged: &'static str = etag.leak();
        assert!(confined(
            "assets/confined/w-1.js",
            &[(header::IF_NONE_MATCH, unchanged)]
        ));
        assert!(!confined("assets/a-1.js", &[]) && !confined("", &[]));
    }

    #[test]
    fn an_unchanged_page_is_not_sent_again() {
        let first = get("", &[]);
        assert_eq!(
            header_of(&first, header::ETAG),
            format!("W/\"{}\"", "70".repeat(16))
        );
        let again = get(
            "",
            &[(header::IF_NONE_MATCH, "W/\"70707070707070707070707070707070\"")],
        );
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn pages_that_were_not_built_say_so() {
        let response = answer(|_| None, "terminals", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
