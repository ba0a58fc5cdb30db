//! Lists of transactions.

use serde_json::{Value, json};

use super::{House, sign_in};

fn traces(page: &Value) -> Vec<(String, i64)> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|one| {
            (
                one["terminal_id"].as_str().unwrap().to_owned(),
                one["trace"].as_i64().unwrap(),
            )
        })
        .collect()
}

async fn all(house: &House, token: &str, query: &str) -> Vec<(String, i64)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..100 {
        let page = house
            .get(token, &format!("/api/v1/transactions?{query}{cursor}"))
            .await
            .ok();
        all.extend(traces(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("the pages do not end");
}

#[tokio::test]
async fn pages_of_all_terminals_miss_nothing_and_repeat_nothing() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let mut sold = Vec::new();
    for terminal in ["10450001", "10450002", "10450003"] {
        sign_in(&house, terminal).await;
    }
    for trace in 1..=12 {
        for terminal in ["10450001", "10450003", "10450002"]
            .into_iter()
            .take(1 + trace as usize % 3)
        {
            house.sell(terminal, trace).await;
            sold.push((terminal.to_owned(), i64::from(trace)));
        }
    }
    let whole = all(&house, &owner, "limit=200").await;
    for limit in [1, 2, 5, 7] {
        assert_eq!(
            all(&house, &owner, &format!("limit={limit}")).await,
            whole,
            "limit {limit}"
        );
    }
    let mut sorted = whole.clone();
    sorted.sort();
    sold.sort();
    assert_eq!(sorted, sold);
    let own = all(&house, &owner, "terminal_id=10450001&limit=5").await;
    assert_eq!(
        own.iter().map(|(_, trace)| *trace).collect::<Vec<_>>(),
        (1..=12).rev().collect::<Vec<_>>()
    );
    assert_eq!(
        all(&house, &owner, "terminal_id=10450001&decision=declined").await,
        []
    );
    // It would walk every ledger to its end.
    for decision in ["approved", "declined", "recorded"] {
        let path = format!("/api/v1/transactions?decision={decision}");
        let refused = house.get(&owner, &path).await;
        assert_eq!(refused.problem(422, "invalid_field").body["field"], "terminal_id");
    }
}

#[tokio::test]
async fn what_is_at_the_host_comes_first() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    sign_in(&house, "10450001").await;
    house.sell("10450001", 1).await;
    house.sell("10450001", 2).await;
    house.ask("10450001", 3).await;
    house.ask("10450001", 4).await;
    let traces_of = async |query| {
        all(&house, &owner, query)
            .await
            .into_iter()
            .map(|(_, trace)| trace)
            .collect::<Vec<_>>()
    };
    assert_eq!(traces_of("terminal_id=10450001").await, [4, 3, 2, 1]);
    assert_eq!(traces_of("terminal_id=10450001&limit=2").await, [4, 2, 1]);
    assert_eq!(
        traces_of("terminal_id=10450001&decision=pending&limit=1").await,
        [4, 3]
    );
    assert_eq!(traces_of("decision=pending").await, [4, 3]);
    assert_eq!(traces_of("terminal_id=10450001&decision=approved").await, [2, 1]);
    assert_eq!(
        traces_of("terminal_id=10450001&from=2999-01-01T00:00:00Z").await,
        [0; 0]
    );
    let page = house
        .get(&owner, "/api/v1/transactions?decision=pending")
        .await
        .ok();
    assert_eq!(
        [&page["items"][0]["decision"], &page["items"][0]["response_code"]],
        [&json!("pending"), &Value::Null]
    );
}
