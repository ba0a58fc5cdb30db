//! Lists in pages.

use domain::case::ListVerb;
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::word;

word! {
    /// What people can do with a list.
    ListAction: domain::case::ListVerb;
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page starts; null on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// What the one who asks may do with the list.
    pub actions: Vec<ListAction>,
}

impl<T> Page<T> {
    /// Makes a page of at most `limit` items out of up to one more, which says that there is a next page.
    pub fn of(mut items: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self {
            items,
            next_cursor,
            actions: Vec::new(),
        }
    }

    /// The same page of a list with which that may be done.
    pub fn with_actions(self, actions: &[ListVerb]) -> Self {
        Self {
            actions: actions.iter().copied().map(ListAction).collect(),
            ..self
        }
    }

    /// The same page of those items that are something else too.
    pub fn filter_map<U>(self, map: impl FnMut(T) -> Option<U>) -> Page<U> {
        Page {
            items: self.items.into_iter().filter_map(map).collect(),
            next_cursor: self.next_cursor,
            actions: self.actions,
        }
    }

    /// The same page of other items.
    pub fn try_map<U, E>(self, map: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(map).collect::<Result<_, E>>()?;
        Ok(Page {
            items,
            next_cursor: self.next_cursor,
            actions: self.actions,
        })
    }
}
