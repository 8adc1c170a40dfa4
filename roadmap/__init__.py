"""The roadmap: which topic of a backend developer's roadmap is shown where in this shop.

    topics.toml ──┐
    tags in code ─┼──► survey ──► check  (what is missing, wrong or stale; `python -m roadmap --check`)
    lessons/*.md ─┤           └─► page   (README.md here;                  `python -m roadmap --write`)
    not_yet.txt ──┘

It reads the tree as text, by `ast`, and never imports the shop: it needs no database, no Django and no
settings, so it also runs on a machine where nothing else does. Nothing imports it but `config/urls.py`.
Start reading at `check.py`; the format of a lesson stands in `lessons/README.md`.
"""
