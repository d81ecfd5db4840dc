//! The shop's prices: a tenth off for five or more of a thing, and a parcel's flat rate up to a subtotal.
//!
//! Money is whole cents; a discount is rounded down to the cent, in the shop's favour.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From this quantity on a line is discounted.
const DISCOUNT_FROM_QUANTITY: u64 = 5;
/// By how many percent.
const DISCOUNT_PERCENT: u64 = 10;
/// What a parcel costs.
const SHIPPING: u64 = 490;
/// From this subtotal on it costs nothing, unless the environment says otherwise.
const FREE_SHIPPING_FROM: u64 = 7_500;
/// More cents than a price can have: sums of the largest basket stay far from overflow.
const PRICE_MAX: u64 = 100_000_000;
/// The most of one thing.
const QUANTITY_MAX: u64 = 99;
/// The most different things.
const ITEMS_MAX: usize = 50;

/// What differs between environments.
#[derive(Debug, Clone, Copy)]
pub struct Tariff {
    free_shipping_from: u64,
}

/// What somebody wants to buy.
#[derive(Debug, Deserialize)]
pub struct Basket {
    currency: String,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    product_id: String,
    #[serde(default)]
    name: String,
    unit_price: u64,
    quantity: u64,
}

/// What it costs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Bill {
    currency: String,
    lines: Vec<Line>,
    subtotal: u64,
    discount: u64,
    shipping: u64,
    total: u64,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    product_id: String,
    name: String,
    unit_price: u64,
    quantity: u64,
    total: u64,
}

/// Why a basket has no price.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// More different things than a basket holds.
    TooManyItems { items: usize },
    /// None or too many of a thing.
    Quantity { product_id: String, quantity: u64 },
    /// A price beyond every product's.
    Price { product_id: String, unit_price: u64 },
}

impl std::error::Error for Wrong {}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyItems { items } => write!(f, "{items} items are more than {ITEMS_MAX}"),
            Self::Quantity { product_id, quantity } => {
                write!(f, "{quantity} of {product_id} is not between 1 and {QUANTITY_MAX}")
            }
            Self::Price { product_id, unit_price } => {
                write!(f, "{unit_price} for {product_id} is more than {PRICE_MAX}")
            }
        }
    }
}

impl Tariff {
    /// The tariff that the function's environment variables say.
    pub fn from_env() -> Result<Self, String> {
        Self::parse(std::env::var("FREE_SHIPPING_FROM").ok().as_deref())
    }

    fn parse(free_shipping_from: Option<&str>) -> Result<Self, String> {
        let free_shipping_from = match free_shipping_from {
            None => FREE_SHIPPING_FROM,
            Some(text) => {
                text.parse().map_err(|error| format!("FREE_SHIPPING_FROM is no number of cents: {error}"))?
            }
        };
        Ok(Self { free_shipping_from })
    }
}

impl Basket {
    /// What the basket costs, line by line.
    pub fn bill(self, tariff: &Tariff) -> Result<Bill, Wrong> {
        if self.items.len() > ITEMS_MAX {
            return Err(Wrong::TooManyItems { items: self.items.len() });
        }
        let discount = self.items.iter().map(Item::discount).sum();
        let lines = self.items.into_iter().map(Item::line).collect::<Result<Vec<_>, _>>()?;
        let subtotal = lines.iter().map(|line| line.total).sum::<u64>();
        let shipping =
            if lines.is_empty() || subtotal - discount >= tariff.free_shipping_from { 0 } else { SHIPPING };
        let total = subtotal - discount + shipping;
        Ok(Bill { currency: self.currency, lines, subtotal, discount, shipping, total })
    }
}

impl Item {
    /// Saturating, since it is asked before the line is checked.
    fn discount(&self) -> u64 {
        if self.quantity < DISCOUNT_FROM_QUANTITY {
            return 0;
        }
        self.unit_price.saturating_mul(self.quantity).saturating_mul(DISCOUNT_PERCENT) / 100
    }

    fn line(self) -> Result<Line, Wrong> {
        let Self { product_id, name, unit_price, quantity } = self;
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(Wrong::Quantity { product_id, quantity });
        }
        if unit_price > PRICE_MAX {
            return Err(Wrong::Price { product_id, unit_price });
        }
        Ok(Line { product_id, name, unit_price, quantity, total: unit_price * quantity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(product_id: &str, unit_price: u64, quantity: u64) -> Item {
        Item { product_id: product_id.into(), name: String::new(), unit_price, quantity }
    }

    fn bill(items: Vec<Item>) -> Result<Bill, Wrong> {
        let tariff = Tariff { free_shipping_from: FREE_SHIPPING_FROM };
        Basket { currency: "EUR".into(), items }.bill(&tariff)
    }

    #[test]
    fn sums_discounts_and_shipping_of_baskets() {
        // items; subtotal, discount, shipping, total
        let rows = [
            (vec![], (0, 0, 0, 0)),
            (vec![item("kite", 2490, 1)], (2490, 0, 490, 2980)),
            (vec![item("kite", 2490, 4)], (9960, 0, 0, 9960)),
            (vec![item("sock", 1500, 5)], (7500, 750, 490, 7240)),
            (vec![item("sock", 1850, 5)], (9250, 925, 0, 8325)),
            (vec![item("pin", 33, 5), item("kite", 2490, 1)], (2655, 16, 490, 3129)),
            (vec![item("kite", 7500, 1)], (7500, 0, 0, 7500)),
        ];
        for (items, (subtotal, discount, shipping, total)) in rows {
            let shown = format!("{items:?}");
            let bill = bill(items).unwrap();
            let sums = (bill.subtotal, bill.discount, bill.shipping, bill.total);
            assert_eq!(sums, (subtotal, discount, shipping, total), "{shown}");
        }
    }

    #[test]
    fn baskets_that_cannot_be_priced_say_why() {
        let quantity = |quantity| Wrong::Quantity { product_id: "kite".into(), quantity };
        assert_eq!(bill(vec![item("kite", 1, 0)]), Err(quantity(0)));
        assert_eq!(bill(vec![item("kite", 1, 100)]), Err(quantity(100)));
        let price = Wrong::Price { product_id: "kite".into(), unit_price: u64::MAX };
        assert_eq!(bill(vec![item("kite", u64::MAX, 7)]), Err(price));
        let many = (0..51).map(|_| item("kite", 1, 1)).collect();
        assert_eq!(bill(many), Err(Wrong::TooManyItems { items: 51 }));
    }

    #[test]
    fn the_tariff_is_a_number_of_cents() {
        assert_eq!(Tariff::parse(None).unwrap().free_shipping_from, FREE_SHIPPING_FROM);
        assert_eq!(Tariff::parse(Some("0")).unwrap().free_shipping_from, 0);
        assert!(Tariff::parse(Some("75 euro")).unwrap_err().contains("FREE_SHIPPING_FROM"));
    }

    #[test]
    fn a_basket_is_read_and_a_bill_written_in_camel_case() {
        let text =
            r#"{"currency":"EUR","items":[{"productId":"kite","name":"Kite","unitPrice":100,"quantity":2}]}"#;
        let basket: Basket = serde_json::from_str(text).unwrap();
        let bill = basket.bill(&Tariff { free_shipping_from: 0 }).unwrap();
        assert_eq!(
            serde_json::to_string(&bill).unwrap(),
            r#"{"currency":"EUR","lines":[{"productId":"kite","name":"Kite","unitPrice":100,"quantity":2,"total":200}],"subtotal":200,"discount":0,"shipping":0,"total":200}"#
        );
    }
}
