"""From views to what a reader sees: a page, a terminal, Markdown, pictures. Writers know no records, and compute nothing that
is shown as a finding."""
