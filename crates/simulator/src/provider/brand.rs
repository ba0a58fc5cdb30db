//! What each brand answers, in its own words.
//!
//! Sources: the providers' public API references (Stripe API 2025-10-29, SumUp REST API 0.1, Adyen Management API 3).
//!
//! Invariant: without the right key there is an answer, and nothing else.

use serde_json::{Value, json};

use super::http::Request;
use super::{Brand, Device, Shared, Standing};

/// A status and a body.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Reply {
    fn new(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: body.to_string(),
        }
    }
}

/// Does what is asked.
pub(super) fn answer(shared: &Shared, request: &Request) -> Reply {
    let bearer = || request.header("authorization")?.strip_prefix("Bearer ");
    let key = match shared.brand {
        Brand::Stripe | Brand::SumUp => bearer(),
        Brand::Adyen => request.header("x-api-key"),
    };
    if key != Some(&shared.key) {
        // As the worst of them do.
        return refusal(
            shared.brand,
            401,
            &format!("Wrong key: {}", key.unwrap_or("none")),
        );
    }
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let parts: Vec<&str> = std::iter::once(request.method.as_str()).chain(parts).collect();
    let reply = match shared.brand {
        Brand::Stripe => stripe(shared, &parts),
        Brand::SumUp => sumup(shared, &parts),
        Brand::Adyen => adyen(shared, &parts, request),
    };
    reply.unwrap_or_else(|| error(shared.brand, 404))
}

fn stripe(shared: &Shared, parts: &[&str]) -> Option<Reply> {
    let mut books = shared.books();
    match *parts {
        ["GET", "v1", "terminal", "readers"] => {
            let all: Vec<_> = books
                .devices
                .values()
                .filter(|device| works(device))
                .map(reader)
                .collect();
            Some(Reply::new(
                200,
                &json!({ "object": "list", "has_more": false, "data": all }),
            ))
        }
        ["GET", "v1", "terminal", "readers", id] => {
            let device = books.devices.get_mut(id)?;
            let told = reader(device);
            nearer(device);
            Some(Reply::new(200, &told))
        }
        ["POST", "v1", "terminal", "readers", id, "cancel_action"] => {
            let device = books.devices.get_mut(id).filter(|device| works(device))?;
            device.is_busy = false;
            Some(Reply::new(200, &reader(device)))
        }
        ["DELETE", "v1", "terminal", "readers", id] => {
            let device = books.devices.get_mut(id).filter(|device| works(device))?;
            to_stop(shared, device);
            Some(success(Brand::Stripe, id))
        }
        _ => None,
    }
}

/// Whether it works, as far as anybody is told who has no word for what is between.
fn works(device: &Device) -> bool {
    device.standing != Standing::Stopped
}

fn to_stop(shared: &Shared, device: &mut Device) {
    if device.standing == Standing::Working {
        device.standing = match shared.faults.get().stops_after_looks {
            0 => Standing::Stopped,
            looks => Standing::Stopping(looks),
        };
    }
}

/// A look brings a device that is being stopped nearer to it.
fn nearer(device: &mut Device) {
    if let Standing::Stopping(looks) = device.standing {
        device.standing = match looks.saturating_sub(1) {
            0 => Standing::Stopped,
            looks => Standing::Stopping(looks),
        };
    }
}

fn reader(device: &Device) -> Value {
    let Device {
        id,
        serial,
        address,
        last_seen_ms,
        is_busy,
        ..
    } = device;
    if !works(device) {
        return json!({ "id": id, "object": "terminal.reader", "deleted": true });
    }
    let action = json!({ "type": "process_payment_intent", "status": "in_progress", "failure_code": null });
    json!({
        "id": id, "object": "terminal.reader", "device_type": "stripe_s700", "serial_number": serial,
        "ip_address": address, "last_seen_at": last_seen_ms, "status": "online", "livemode": false,
        "label": "Front desk", "action": if *is_busy { action } else { Value::Null },
    })
}

fn sumup(shared: &Shared, parts: &[&str]) -> Option<Reply> {
    let mut books = shared.books();
    let ([method, "v0.1", "merchants", merchant, "readers"]
    | [method, "v0.1", "merchants", merchant, "readers", ..]) = *parts
    else {
        return None;
    };
    if merchant != shared.merchant {
        return None;
    }
    match (method, &parts[5..]) {
        ("GET", []) => {
            let all: Vec<_> = books
                .devices
                .values()
                .filter(|device| works(device))
                .map(pairing)
                .collect();
            Some(Reply::new(200, &json!({ "items": all })))
        }
        ("GET", [id]) => {
            let device = books.devices.get_mut(*id).filter(|device| works(device))?;
            nearer(device);
            Some(Reply::new(200, &pairing(device)))
        }
        ("GET", [id, "status"]) => {
            let device = books.devices.get(*id).filter(|device| works(device))?;
            let at = moment(device.last_seen_ms);
            let state = json!({ "status": "ONLINE", "state": "IDLE", "connection_type": "Wi-Fi", "last_activity": at });
            Some(Reply::new(200, &json!({ "data": state })))
        }
        ("DELETE", [id]) => {
            let device = books.devices.get_mut(*id).filter(|device| works(device))?;
            to_stop(shared, device);
            Some(success(Brand::SumUp, id))
        }
        _ => None,
    }
}

fn pairing(device: &Device) -> Value {
    json!({
        "id": device.id, "name": "Front desk", "status": "paired",
        "device": { "identifier": device.serial, "model": "solo" },
        "created_at": "2026-01-18T15:16:17Z", "updated_at": "2026-01-20T15:16:17Z",
    })
}

fn adyen(shared: &Shared, parts: &[&str], request: &Request) -> Option<Reply> {
    let mut books = shared.books();
    match *parts {
        ["GET", "v3", "me"] => Some(Reply::new(
            200,
            &json!({ "id": "S2-1", "active": true, "roles": [] }),
        )),
        ["GET", "v3", "terminals"] => {
            let pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            let wanted = pairs
                .filter(|(name, _)| *name == "searchQuery")
                .map(|(_, value)| value)
                .next();
            let wanted = wanted.unwrap_or_default().to_owned();
            let found = books
                .devices
                .values_mut()
                .filter(|device| device.id.contains(&wanted));
            let found: Vec<_> = found.map(|device| terminal(device, &shared.merchant)).collect();
            let body = json!({ "itemsTotal": found.len(), "pagesTotal": 1, "data": found });
            Some(Reply::new(200, &body))
        }
        ["POST", "v3", "terminals", id, "reassign"] => {
            let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let to_inventory =
                asked["inventory"] == json!(true) && asked["merchantId"] == json!(shared.merchant);
            if !to_inventory {
                return Some(error(Brand::Adyen, 422));
            }
            to_stop(shared, books.devices.get_mut(id)?);
            Some(success(Brand::Adyen, id))
        }
        _ => None,
    }
}

/// A terminal as it stands for this look.
fn terminal(device: &mut Device, merchant: &str) -> Value {
    let in_progress = json!({
        "companyId": "C1", "merchantId": merchant, "status": "reassignmentInProgress",
        "reassignmentTarget": { "merchantId": merchant, "inventory": true },
    });
    let assignment = match device.standing {
        Standing::Working => json!({ "companyId": "C1", "merchantId": merchant, "status": "boarded" }),
        Standing::Stopping(_) => in_progress,
        Standing::Stopped => json!({ "companyId": "C1", "merchantId": merchant, "status": "inventory" }),
    };
    nearer(device);
    json!({
        "id": device.id, "model": "S1F2", "serialNumber": device.serial, "assignment": assignment,
        "lastActivityAt": moment(device.last_seen_ms),
        "connectivity": { "wifi": { "ipAddress": device.address, "ssid": "shop" } },
    })
}

/// What it answers to a change that it made, or says it made.
pub(super) fn success(brand: Brand, id: &str) -> Reply {
    match brand {
        Brand::Stripe => Reply::new(
            200,
            &json!({ "id": id, "object": "terminal.reader", "deleted": true }),
        ),
        Brand::SumUp | Brand::Adyen => Reply {
            status: 200,
            body: String::new(),
        },
    }
}

/// The same to a request that it did nothing about.
pub(super) fn lie(brand: Brand, request: &Request) -> Reply {
    let path = request.path.trim_end_matches("/reassign");
    success(brand, path.rsplit('/').next().unwrap_or_default())
}

/// The same, with every identifier that of another device.
pub(super) fn with_another(reply: &Reply) -> Reply {
    fn rename(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if name == "id" => text.push('X'),
                        value => rename(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(rename),
            _ => {}
        }
    }
    let mut body = serde_json::from_str(&reply.body).unwrap_or_default();
    rename(&mut body);
    Reply {
        status: reply.status,
        body: body.to_string(),
    }
}

/// An error in the brand's words.
pub(super) fn error(brand: Brand, status: u16) -> Reply {
    refusal(brand, status, "Not so.")
}

fn refusal(brand: Brand, status: u16, sentence: &str) -> Reply {
    let code = match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        429 => "rate_limited",
        _ => "failed",
    };
    let body = match brand {
        Brand::Stripe => {
            json!({ "error": { "type": "invalid_request_error", "code": code, "message": sentence } })
        }
        Brand::SumUp => json!({
            "type": format!("https://developer.sumup.com/problem/{code}"), "status": status, "detail": sentence,
        }),
        Brand::Adyen => json!({
            "type": "https://docs.adyen.com/errors", "errorCode": code, "title": "No", "detail": sentence, "status": status,
        }),
    };
    Reply::new(status, &body)
}

/// RFC 3339, in UTC.
fn moment(ms: i64) -> String {
    const OFFSET_MS: i64 = 8 * 3_600_000;
    let local = crate::calendar::Local::of(ms - OFFSET_MS);
    let crate::calendar::Local {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = local;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
