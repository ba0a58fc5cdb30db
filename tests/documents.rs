//! The packet for the police, from the real server by the real renderer (R1.1); and a server without one.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};
use tests::{Acquirer, Api, Folder};

const TERMINAL: &str = "30501201";
const MERCHANT: &str = "104520157120078";

/// A lost terminal; answers the path of its incident.
async fn lost(risk: &Api) -> Result<String> {
    let merchant = json!({ "merchant_id": MERCHANT, "name": "䶮记小吃" });
    risk.post("/merchants", &merchant).await?.expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "城南店", "address": "工业路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495194", "model": "云展 Y90", "control": "outside",
    });
    risk.post("/terminals", &said).await?.expect(201)?;
    let reported = risk.report_lost(TERMINAL).await?;
    let id = reported["id"].as_str().or(reported["incident"]["id"].as_str());
    Ok(format!("/incidents/{}", id.context("no incident")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_packet_is_a_pdf_in_either_language_and_the_timeline_has_its_digest() -> Result<()> {
    let folder = Folder::new()?;
    let acquirer = Acquirer::begin(&folder, &[]).await?;
    let risk = &acquirer.risk;
    let incident = lost(risk).await?;
    let listed = risk.get(&format!("{incident}/documents")).await?;
    ensure!(listed["ready"] == true, "{listed}: cargo build -p documents");
    let mut digests = Vec::new();
    for language in ["zh", "en"] {
        let path = format!("{incident}/documents/police_packet.pdf?language={language}");
        let (content_type, pdf) = risk.get_file(&path).await?;
        ensure!(content_type == "application/pdf", "{content_type}");
        ensure!(
            pdf.starts_with(b"%PDF-") && pdf.len() > 10_000,
            "{} bytes",
            pdf.len()
        );
        let digest: String = Sha256::digest(&pdf)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        digests.push(format!("police_packet {language} sha256:{digest}"));
    }
    let timeline = risk.get(&format!("{incident}/timeline")).await?;
    let items = timeline["items"].as_array().context("no items")?.iter();
    let made = items.filter(|item| item["kind"] == "document_made");
    let made: Vec<_> = made.filter_map(|item| item["text"].as_str()).collect();
    ensure!(made == digests, "{timeline}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_renderer_says_so_and_goes_on() -> Result<()> {
    let folder = Folder::new()?;
    let acquirer = Acquirer::begin(&folder, &["--documents", "/nowhere/tillguard-documents"]).await?;
    let risk = &acquirer.risk;
    let incident = lost(risk).await?;
    ensure!(risk.get(&format!("{incident}/documents")).await?["ready"] == false);
    let path = format!("{incident}/documents/police_packet.pdf?language=zh");
    let refused = risk.call("GET", &path, None).await?;
    ensure!(
        refused.status == 503 && refused.body["code"] == "documents_not_ready",
        "{} {}",
        refused.status,
        refused.body
    );
    ensure!(risk.get(&incident).await?["state"] == "open");
    Ok(())
}
