//! What people ask for, and the words they put around it.

/// Something people ask for.
pub struct Intent {
    /// How often, in comparison.
    pub weight: u32,
    /// The pattern it is written for; empty for none.
    pub label: &'static str,
    /// Ways to ask for it.
    pub requests: &'static [&'static str],
    /// Templates it is run with.
    pub templates: &'static [&'static str],
    /// Typical duration in seconds, how much it differs, and tokens in hundreds.
    pub seconds: (u32, u32),
    pub hundred_tokens: (u32, u32),
}

const TEST: &[&str] = &["adw_test_iso", "adw_test", "adw_sdlc_iso"];
const BUILD: &[&str] = &["adw_build_iso", "adw_plan_build_iso"];
const PATCH: &[&str] = &["adw_patch_iso", "adw_lightweight_iso", "adw_plan_iso"];

/// All intents.
pub const INTENTS: &[Intent] = &[
    Intent {
        weight: 18,
        label: "test:pytest:backend",
        requests: &[
            "Run backend tests with pytest",
            "Please run pytest on the server and tell me what fails",
            "pytest for app/server/core/billing.py on the backend, then summarize",
            "Can you run the backend pytest suite again?",
        ],
        templates: TEST,
        seconds: (120, 8),
        hundred_tokens: (40, 70),
    },
    Intent {
        weight: 9,
        label: "test:vitest:frontend",
        requests: &[
            "Run the vitest suite of the client",
            "vitest on the frontend, only src/components",
            "Check the UI with vitest and list failures",
        ],
        templates: TEST,
        seconds: (200, 25),
        hundred_tokens: (30, 60),
    },
    Intent {
        weight: 6,
        label: "test:jest:all",
        requests: &["Run jest once more", "jest --ci over everything in tests/unit please"],
        templates: TEST,
        seconds: (150, 40),
        hundred_tokens: (20, 50),
    },
    Intent {
        weight: 8,
        label: "build:typecheck:all",
        requests: &["Typecheck the project", "run tsc and fix nothing, only report", "type check main.ts, then build"],
        templates: BUILD,
        seconds: (90, 6),
        hundred_tokens: (25, 45),
    },
    Intent {
        weight: 7,
        label: "build:bundle:frontend",
        requests: &["Bundle the client with webpack", "bundling of the frontend with vite, production mode"],
        templates: BUILD,
        seconds: (240, 60),
        hundred_tokens: (35, 80),
    },
    Intent {
        weight: 6,
        label: "format:prettier:all",
        requests: &["Format with prettier", "prettier over the whole repository, then stop"],
        templates: PATCH,
        seconds: (40, 5),
        hundred_tokens: (8, 20),
    },
    Intent {
        weight: 5,
        label: "format:black:all",
        requests: &["Reformat using black", "black over app/models.py and app/views.py"],
        templates: PATCH,
        seconds: (35, 5),
        hundred_tokens: (8, 16),
    },
    Intent {
        weight: 5,
        label: "git:diff:summary",
        requests: &["Show me the git diff of today", "git diff against main, in three sentences"],
        templates: &["adw_review_iso", "adw_document_iso"],
        seconds: (30, 4),
        hundred_tokens: (10, 30),
    },
    Intent {
        weight: 4,
        label: "git:log:summary",
        requests: &["Summarize the git log since Monday", "git log by author, last week"],
        templates: &["adw_document_iso"],
        seconds: (25, 4),
        hundred_tokens: (9, 25),
    },
    Intent {
        weight: 5,
        label: "deps:npm:update",
        requests: &["npm update, keep the major versions", "update npm packages and show what moved"],
        templates: PATCH,
        seconds: (300, 90),
        hundred_tokens: (30, 60),
    },
    Intent {
        weight: 3,
        label: "deps:pip:update",
        requests: &["pip install the new requirements", "update dependencies of the python part"],
        templates: PATCH,
        seconds: (280, 90),
        hundred_tokens: (28, 55),
    },
    Intent {
        weight: 4,
        label: "docs:generate:all",
        requests: &["Update README with the new flags", "Write documentation of the export in plain words"],
        templates: &["adw_document_iso"],
        seconds: (400, 150),
        hundred_tokens: (50, 120),
    },
    Intent {
        weight: 20,
        label: "",
        requests: &[
            "Plan how the checkout could ask for fewer fields",
            "Add a dark theme to the settings page",
            "The latest invoice shows the wrong total, find out why",
            "Rename the column in the orders export",
            "Make the search forgiving about accents",
        ],
        templates: &["adw_plan_iso", "adw_sdlc_iso", "adw_sdlc_zte_iso", "adw_ship_iso", "adw_cleanup_iso"],
        seconds: (900, 600),
        hundred_tokens: (80, 400),
    },
];

/// What people add: why, how, for whom. Several languages, because people write as they think.
pub const REMARKS: &[&str] = &[
    "This is for the release on Friday, so please keep it small and tell me early when something looks odd.",
    "Yesterday it took far longer than usual and nobody could say what it was waiting for in the meantime.",
    "Only touch what is needed; Maja will look at the rest when she is back from her leave next week.",
    "If it does not work at first, try again with a fresh checkout before you look any deeper.",
    "Danke! Bitte kurz und knapp, die Kollegen in Köln lesen das auf dem Telefon.",
    "Por favor, explícalo en pocas líneas; el equipo de Málaga lo leerá por la mañana.",
    "Merci de garder une trace de ce qui a été changé, même si ça paraît évident.",
    "请简单说明结果,不需要细节。",
    "Пожалуйста, коротко: что сделано и что осталось.",
    "結果だけ教えてください。",
    "We had the same on Tuesday 🙂 and in the end it was only a stale cache on the old machine.",
    "Leave a line for the weekly note, with numbers where there are some, and say how sure you are of them.",
    "The order of the steps does not matter to me, but please do not skip any of them this time.",
];

/// Lines of logs.
pub const LOG_LINES: &[&str] = &[
    "    at Object.<anonymous> (src/checkout/total.spec.ts:41:17)",
    "  File \"/srv/app/server/core/billing.py\", line 212, in settle",
    "    raise ValueError(f\"unknown currency {code!r}\")",
    "E       assert Decimal('19.90') == Decimal('19.99')",
    "INFO  waiting for worker 3 of 8, 1204 items left, 00:02:11",
    "WARN  retrying in 2 s: connection reset by peer",
    "    at processTicksAndRejections (node:internal/process/task_queues:95:5)",
    "DEBUG cache miss for key orders/2026/03 (größer als erlaubt)",
];

/// How failures begin.
pub const FAILURES: &[&str] = &[
    "2 tests failed, 118 passed",
    "pytest exited with status 1",
    "vitest: 1 suite did not start",
    "error TS2345: type error in main.ts",
    "compilation stopped after the first problem",
    "ESLint found 4 problems",
    "Timed out after 600 s",
    "Connection refused by the package index",
];
