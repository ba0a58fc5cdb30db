//! What honest shops do now and then that looks like something else.
//!
//! It touches nothing. The rates are assumptions, on the high side: a benchmark without them flatters whoever is measured.

use super::trade::Trade;
use crate::chance::Chance;

/// Honest, and unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// Three to five times the payments, for a day.
    SalesDay,
    /// What was bought for a holiday comes back, for three days.
    RefundsAfterHoliday,
    /// Somebody new, from then on, with wrong passwords at first.
    NewCashier,
    /// Three hours longer, for ten days.
    OpenLonger,
    /// The shop moves: another network for all of its terminals.
    Moved,
    /// The provider gives the shop another network.
    NetworkChange,
    /// A terminal's SIM is changed.
    SimChange,
    /// A terminal is taken to a fair or to a customer for two days, while the others work in the shop.
    Fair,
    /// Somebody buys for twelve to forty times the usual amount.
    BigSale,
    /// Shut for eight days.
    Holidays,
    /// A terminal is away for repair for six days.
    Repair,
    /// One customer pays in parts, three to six times.
    InParts,
    /// A coach stops: twenty to forty payments in a quarter of an hour.
    Coach,
    /// A day of orders by telephone: five to twelve card numbers typed.
    TelephoneOrders,
    /// Gift cards are sold for a holiday: three to eight round amounts in a day.
    GiftCards,
    /// An issuer is down: everything is refused for some minutes.
    IssuerDown,
    /// Stock-taking at night, and somebody signs in to print totals.
    StockTaking,
    /// The chip reader is dirty: stripes are read for two days.
    DirtyReader,
    /// A refund in cash's stead: large, without its sale, to the customer's other card.
    GoodwillRefund,
    /// The shop tries the terminal after an update: small amounts, undone, then the day goes on.
    TriedOut,
}

impl Oddity {
    /// All of them.
    pub const ALL: [Oddity; 20] = [
        Oddity::SalesDay,
        Oddity::RefundsAfterHoliday,
        Oddity::NewCashier,
        Oddity::OpenLonger,
        Oddity::Moved,
        Oddity::NetworkChange,
        Oddity::SimChange,
        Oddity::Fair,
        Oddity::BigSale,
        Oddity::Holidays,
        Oddity::Repair,
        Oddity::InParts,
        Oddity::Coach,
        Oddity::TelephoneOrders,
        Oddity::GiftCards,
        Oddity::IssuerDown,
        Oddity::StockTaking,
        Oddity::DirtyReader,
        Oddity::GoodwillRefund,
        Oddity::TriedOut,
    ];

    /// How many days it lasts; 0: from then on.
    pub const fn days(self) -> i64 {
        match self {
            Oddity::NewCashier | Oddity::Moved | Oddity::NetworkChange | Oddity::SimChange => 0,
            Oddity::RefundsAfterHoliday => 3,
            Oddity::OpenLonger => 10,
            Oddity::Fair | Oddity::DirtyReader => 2,
            Oddity::Holidays => 8,
            Oddity::Repair => 6,
            _ => 1,
        }
    }

    /// Whether it happens to one terminal, not to the shop.
    pub const fn is_of_terminal(self) -> bool {
        matches!(
            self,
            Oddity::SimChange
                | Oddity::Fair
                | Oddity::BigSale
                | Oddity::Repair
                | Oddity::InParts
                | Oddity::TelephoneOrders
                | Oddity::StockTaking
                | Oddity::DirtyReader
                | Oddity::GoodwillRefund
                | Oddity::TriedOut
        )
    }

    /// Once in so many days, of a shop or of a terminal; 0: never in this trade.
    const fn every_days(self, trade: Trade) -> u32 {
        match (self, trade) {
            (Oddity::SalesDay, Trade::Chain | Trade::Pharmacy) => 45,
            (Oddity::SalesDay, _) => 120,
            (Oddity::RefundsAfterHoliday, Trade::Chain | Trade::Pharmacy) => 75,
            (Oddity::RefundsAfterHoliday, Trade::Hotel | Trade::Seasonal) => 150,
            (Oddity::RefundsAfterHoliday, _) => 0,
            (Oddity::NewCashier, Trade::Chain | Trade::Restaurant) => 40,
            (Oddity::NewCashier, _) => 90,
            (Oddity::OpenLonger, Trade::Hotel) => 0,
            (Oddity::OpenLonger, _) => 75,
            (Oddity::Moved, Trade::NightMarket | Trade::MarketStall) => 150,
            (Oddity::Moved, Trade::Hotel) => 0,
            (Oddity::Moved, _) => 500,
            (Oddity::NetworkChange, _) => 100,
            (Oddity::SimChange, _) => 250,
            (Oddity::Fair, Trade::Restaurant | Trade::Chain | Trade::Pharmacy) => 180,
            (Oddity::Fair, _) => 0,
            (Oddity::BigSale, _) => 40,
            (Oddity::Holidays, Trade::Hotel | Trade::Pharmacy) => 0,
            (Oddity::Holidays, _) => 100,
            (Oddity::Repair, _) => 200,
            (Oddity::InParts, _) => 35,
            (Oddity::Coach, Trade::Restaurant | Trade::Seasonal | Trade::NightMarket) => 40,
            (Oddity::Coach, _) => 200,
            (Oddity::TelephoneOrders, Trade::Hotel | Trade::Restaurant | Trade::Pharmacy) => 60,
            (Oddity::TelephoneOrders, _) => 300,
            (Oddity::GiftCards, Trade::Chain) => 60,
            (Oddity::GiftCards, Trade::Restaurant | Trade::Hotel) => 120,
            (Oddity::GiftCards, _) => 0,
            (Oddity::IssuerDown, _) => 60,
            (Oddity::StockTaking, Trade::Chain | Trade::Pharmacy) => 90,
            (Oddity::StockTaking, _) => 300,
            (Oddity::DirtyReader, _) => 120,
            (Oddity::GoodwillRefund, Trade::MarketStall | Trade::NightMarket) => 400,
            (Oddity::GoodwillRefund, _) => 80,
            (Oddity::TriedOut, _) => 150,
        }
    }

    /// Those of one shop, or of one of its terminals, over the days: on which day each begins.
    pub(super) fn plan(
        trade: Trade,
        is_of_terminal: bool,
        days: i64,
        chance: &mut Chance,
    ) -> Vec<(i64, Oddity)> {
        let mut plan = Vec::new();
        for oddity in Oddity::ALL {
            let every = oddity.every_days(trade);
            if oddity.is_of_terminal() != is_of_terminal || every == 0 {
                continue;
            }
            let mut at = chance.exponential(f64::from(every));
            while at < days as f64 {
                plan.push((at as i64, oddity));
                at += oddity.days() as f64 + chance.exponential(f64::from(every));
            }
        }
        plan
    }
}
