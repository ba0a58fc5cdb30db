//! `tillguard openapi`: prints the API's document.

/// Prints the OpenAPI document as JSON.
pub fn run() -> anyhow::Result<()> {
    println!("{}", crate::api::openapi().to_pretty_json()?);
    Ok(())
}
