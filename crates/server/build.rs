//! Makes sure that the console's files are there to be embedded. Runs no other program.

use std::path::Path;

fn main() {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let dist = Path::new(&manifest).join("../../web/console/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    if dist.join("index.html").is_file() {
        return;
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!(
            "cargo::error=web/console/dist/index.html is missing: run `npm ci && npm run build` in web/console first"
        );
        return;
    }
    // The folder must exist for the files to be embedded from it; a debug build serves a page that says what is missing.
    if let Err(error) = std::fs::create_dir_all(&dist) {
        println!("cargo::error={}: {error}", dist.display());
    }
}
