"""Tables of states, as a test states them: one line for each state, one column for each event."""


def cells(text: str) -> list[tuple[str, str, str]]:
    """Each cell as (row, column, content). The first line names the columns.

    `.` stands for the name of the row: the event changes nothing.
    """
    columns, *rows = [line.split() for line in text.strip().splitlines()]
    return [
        (name, column, name if content == "." else content)
        for name, *contents in rows
        for column, content in zip(columns, contents, strict=True)
    ]
