//! Holds as they travel; they are shown with their terminal.

use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::people::Names;
use super::wire::{Time, word};

word! {
    /// Why a terminal is stopped.
    HoldKind: domain::hold::Kind;
    /// Who may release a hold.
    ReleasingAuthority: domain::hold::Authority;
}

/// A hold on a terminal.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldOut {
    /// Unique within the terminal.
    hold_id: String,
    /// Why the terminal is stopped.
    kind: HoldKind,
    /// What happened, in a few words.
    cause: String,
    /// Who placed it.
    placed_by: String,
    /// When.
    placed_at: Time,
    /// Its end, where it has one.
    #[schema(required)]
    until: Option<Time>,
    /// Who may release it.
    releasing_authority: ReleasingAuthority,
    /// When it was released.
    #[schema(required)]
    released_at: Option<Time>,
    /// By whom.
    #[schema(required)]
    released_by: Option<String>,
    /// On what ground.
    #[schema(required)]
    release_ground: Option<String>,
    #[serde(skip)]
    stands: bool,
}

impl HoldOut {
    /// A hold as it is at `now`.
    pub fn of(
        names: &mut Names<'_, '_>,
        hold: domain::hold::Hold,
        now: Timestamp,
    ) -> Result<Self, store::Error> {
        let stands = hold.stands(now);
        let release = hold.release;
        Ok(Self {
            hold_id: hold.hold_id.to_string(),
            kind: HoldKind(hold.kind),
            cause: hold.cause,
            placed_by: names.person(&hold.placed_by)?,
            placed_at: Time(hold.placed_at),
            until: hold.until.map(Time),
            releasing_authority: ReleasingAuthority(hold.kind.releasing_authority()),
            released_at: release.as_ref().map(|release| Time(release.at)),
            released_by: release
                .as_ref()
                .map(|release| names.person(&release.by))
                .transpose()?,
            release_ground: release.map(|release| release.ground),
            stands,
        })
    }

    /// Whether it stands.
    pub const fn stands(&self) -> bool {
        self.stands
    }
}
