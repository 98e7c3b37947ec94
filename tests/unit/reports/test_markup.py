"""What is put into a page is escaped unless it is HTML already."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from quantmill.reports.markup import Html, element, table


class Texts(HTMLParser):
    """Collects what a browser would show, and the elements that it would make."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(text=st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=30))
def test_a_text_is_shown_as_it_is_and_makes_no_element(text: str) -> None:
    read = Texts()

    read.feed(element("p", text, title=text).text)
    read.close()

    assert (read.tags, read.values, read.text) == (["p"], [text], text)


def test_html_goes_in_as_it_is() -> None:
    assert element("p", Html("<b>x</b>"), "<", class_="note").text == '<p class="note"><b>x</b>&lt;</p>'


def test_a_table_has_the_class_of_a_column_in_all_its_cells() -> None:
    made = table({"A": "", "B": "number"}, [["x", "1"]], class_="t")

    assert made.text == (
        '<table class="t"><thead><tr><th>A</th><th class="number">B</th></tr></thead>'
        '<tbody><tr><td>x</td><td class="number">1</td></tr></tbody></table>'
    )
