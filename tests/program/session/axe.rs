//! What a checker of accessibility finds in the page that is shown.

use std::path::Path;

use serde_json::Value;

use super::Window;

impl Window {
    /// Sees that it finds nothing serious.
    pub(crate) async fn is_accessible(&self, what: &str) {
        if self.script("return typeof window.axe").await == "undefined" {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/node_modules/axe-core/axe.min.js");
            let source = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}; `npm ci` in `ui` brings it", file.display()));
            self.script(&source).await;
        }
        let look = "const done = arguments[arguments.length - 1];
            axe.run(document.body).then(
                ({ violations, passes }) => done([passes.length, violations.map(({ id, impact, nodes }) => ({
                    id, impact, at: nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`),
                }))]),
                (error) => done(String(error)),
            );";
        let found = self.client.execute_async(look, Vec::new()).await.unwrap();
        assert!(found[0].as_u64().is_some_and(|passed| passed > 5), "{what}: it looked: {found}");
        let serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
        let serious: Vec<_> = found[1].as_array().unwrap().iter().filter(serious).collect();
        assert!(serious.is_empty(), "{what}: {serious:#?}");
    }
}
