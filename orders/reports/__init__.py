"""What the shopkeeper asks about the past: questions in SQL, and the sheet of the shop before this one.

`questions.py` runs the SQL files beside it, each of which is one report; it writes nothing, and may run as the
database's reader. `old_sheet.py` takes a flat order sheet apart into tables. Start reading at `questions.py`.
"""
