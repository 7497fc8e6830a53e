"""The language server: findings, documentation and fixes while somebody types. Needs the extra `lsp`."""
