//! Which tables and columns the dump had on which day.
//!
//! Where only a month is known, its first day stands for it.

use std::fmt::{self, Write as _};

use fence_model::Time;

/// A day of each layout since October 2024, the last one of today's.
pub const LAYOUTS: [&str; 11] = [
    "2024-10-26",
    "2024-11-20",
    "2025-02-20",
    "2025-11-24",
    "2026-01-27",
    "2026-05-30",
    "2026-06-12",
    "2026-06-15",
    "2026-06-19",
    "2026-06-23",
    "2026-10-12",
];

/// A table, in the order of the archive.
pub(super) struct Table {
    pub(super) name: &'static str,
    from: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column, and from which day on and before which day it is there.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    from: &'static str,
    until: &'static str,
}

const NEVER: &str = "9999-12-31";

const fn always(name: &'static str) -> Column {
    Column { name, from: "", until: NEVER }
}

const fn since(from: &'static str, name: &'static str) -> Column {
    Column { name, from, until: NEVER }
}

const fn before(until: &'static str, name: &'static str) -> Column {
    Column { name, from: "", until }
}

const fn table(name: &'static str, columns: &'static [Column]) -> Table {
    Table { name, from: "", columns }
}

/// All that any layout has.
pub(super) const TABLES: &[Table] = &[
    table("categories", &[always("category"), always("crates_cnt"), always("id")]),
    table("crate_downloads", &[always("crate_id"), always("downloads")]),
    table(
        "crates",
        &[
            always("created_at"),
            always("description"),
            always("documentation"),
            always("homepage"),
            always("id"),
            always("max_features"),
            always("max_upload_size"),
            always("name"),
            always("readme"),
            always("repository"),
            since("2025-11-24", "trustpub_only"),
            always("updated_at"),
        ],
    ),
    table("keywords", &[always("crates_cnt"), always("id"), always("keyword")]),
    table("metadata", &[always("total_downloads")]),
    Table {
        name: "oauth_github",
        from: "2026-06-11",
        columns: &[always("account_id"), always("avatar"), always("login"), always("user_id")],
    },
    table("reserved_crate_names", &[always("name")]),
    Table { name: "reserved_usernames", from: "2026-06-15", columns: &[always("username")] },
    table(
        "teams",
        &[
            always("avatar"),
            always("github_id"),
            always("id"),
            always("login"),
            always("name"),
            always("org_id"),
        ],
    ),
    table(
        "users",
        &[
            since("2026-06-12", "created_at"),
            before("2026-06-21", "gh_avatar"),
            always("gh_id"),
            before("2026-08-22", "gh_login"),
            always("id"),
            always("name"),
            since("2026-05-30", "username"),
        ],
    ),
    table("crates_categories", &[always("category_id"), always("crate_id")]),
    table("crates_keywords", &[always("crate_id"), always("keyword_id")]),
    table(
        "crate_owners",
        &[
            always("crate_id"),
            always("created_at"),
            always("created_by"),
            always("owner_id"),
            always("owner_kind"),
        ],
    ),
    Table {
        name: "deleted_crates",
        from: "2026-01-27",
        columns: &[
            always("available_at"),
            always("created_at"),
            always("deleted_at"),
            always("deleted_by"),
            always("id"),
            always("message"),
            always("name"),
        ],
    },
    table(
        "versions",
        &[
            always("bin_names"),
            since("2024-11-01", "categories"),
            before("2026-06-18", "checksum"),
            always("crate_id"),
            always("crate_size"),
            always("created_at"),
            since("2024-11-01", "description"),
            since("2024-11-01", "documentation"),
            always("downloads"),
            since("2024-11-01", "edition"),
            always("features"),
            always("has_lib"),
            since("2024-11-01", "homepage"),
            always("id"),
            since("2024-11-01", "keywords"),
            always("license"),
            always("links"),
            always("num"),
            always("num_no_build"),
            always("published_by"),
            since("2024-11-01", "repository"),
            always("rust_version"),
            since("2026-06-18", "tar_sha256"),
            always("updated_at"),
            always("yanked"),
            since("2026-06-22", "zip_json_sha256"),
            since("2026-06-22", "zip_sha256"),
        ],
    ),
    table(
        "default_versions",
        &[always("crate_id"), since("2025-02-01", "num_versions"), always("version_id")],
    ),
    table(
        "dependencies",
        &[
            always("crate_id"),
            always("default_features"),
            always("explicit_name"),
            always("features"),
            always("id"),
            always("kind"),
            always("optional"),
            always("req"),
            always("target"),
            always("version_id"),
        ],
    ),
    table("version_downloads", &[always("date"), always("downloads"), always("version_id")]),
];

/// The layout of a day.
#[derive(Debug)]
pub(super) struct Layout {
    day: String,
}

impl Layout {
    pub(super) fn of(day: &str) -> Self {
        Self { day: day.to_owned() }
    }

    pub(super) fn has(&self, table: &Table) -> bool {
        table.from <= self.day.as_str()
    }

    pub(super) fn shows(&self, column: &Column) -> bool {
        (column.from..column.until).contains(&self.day.as_str())
    }

    /// A time as PostgreSQL writes it: with an offset since 2025-02-18, and here and there with a part of a second.
    pub(super) fn time(&self, time: Time, out: &mut String) -> fmt::Result {
        let written = time.to_string();
        let part = match time.unix() % 3 {
            0 => "",
            1 => ".5",
            _ => ".123456",
        };
        let offset = if self.day.as_str() < "2025-02-18" { "" } else { "+00" };
        write!(out, "{} {}{part}{offset}", &written[..10], &written[11..19])
    }
}
