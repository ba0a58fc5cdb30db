//! The walk through the demo: whose terminal is lost in it, what others do meanwhile, and two cases that are further on.
//!
//! It begins once the demo answers, and delays nothing. Whoever has the lost terminal tries it, and the terminal that takes its
//! place is tried and sells; the two cases are made by the estate's people, by the requests that anybody's browser sends.
//!
//! Invariant: nothing here writes into the store, and nothing says that it was done at another time than it was.

mod caller;
mod cases;
mod devices;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use node::Node;
use server::run::Demo;
use simulator::estate::Estate;
use tokio::task::JoinSet;

use crate::estate::Login;

/// Who takes the walk, by log-in.
const OWNER: &str = "owner";
const MANAGER: &str = "manager";
const RISK: &str = "risk";
const SECOND: &str = "risk2";

/// What the console is told of it.
pub fn told(estate: &Estate) -> anyhow::Result<Demo> {
    let shop = estate.shops.first().context("no shop")?;
    let merchant = estate.merchants.get(shop.merchant).context("no such merchant")?;
    let terminal = estate.terminals.first().context("no terminal")?;
    Ok(Demo {
        merchant_name: merchant.name_zh.clone(),
        shop_id: shop.shop_id.clone(),
        terminal: format!("{} {}", shop.name_zh, terminal.name_zh),
        owner: OWNER.to_owned(),
        manager: MANAGER.to_owned(),
        risk: RISK.to_owned(),
        second: SECOND.to_owned(),
    })
}

/// Where the demo is.
#[derive(Clone, Copy)]
pub struct Place {
    /// Its API.
    pub api: SocketAddr,
    /// Its gate.
    pub gate: SocketAddr,
}

/// Begins what others do, and the two cases where the estate is new. Dropping the set ends it.
pub fn start(
    node: &Arc<Node>,
    estate: &Estate,
    place: Place,
    logins: &[Login],
    is_new: bool,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    tasks.spawn(devices::play(node.clone(), estate.clone(), place.gate));
    if is_new {
        let people = cases::People::new(place.api, logins)?;
        let terminals = cases::Terminals::of(estate)?;
        tasks.spawn(async move { cases::make(&people, &terminals).await });
    }
    Ok(tasks)
}
