"""Style blocks and the heads they come into: E-TEMPLATE-15."""

import time

import pytest

from rendering.styles import put_styles, split_styles


def test_style_blocks_are_told_from_the_rest() -> None:
    page = "<style>a{}</style><b>x</b><STYLE type='text/css'>\nb{}\n</STYLE>"
    assert split_styles(page) == (
        "<b>x</b>",
        ("<style>a{}</style>", "<STYLE type='text/css'>\nb{}\n</STYLE>"),
    )
    assert split_styles("<b>x</b>") == ("<b>x</b>", ())


@pytest.mark.parametrize(
    ("page", "result"),
    [
        ("<html><head lang='de'><title/></head>", "<html><head lang='de'>S<title/></head>"),
        ("<!doctype html><html>\n<body>", "<!doctype html><html><head>S</head>\n<body>"),
        ("<html><header>x</header>", "<html><head>S</head><header>x</header>"),
        ("<p>x</p>", "S<p>x</p>"),
    ],
)
def test_styles_come_to_the_top_of_the_head(page: str, result: str) -> None:
    assert put_styles(page, ["S"]) == result


def test_a_page_without_styles_stays_as_it_is() -> None:
    assert put_styles("<html><head></head>", []) == "<html><head></head>"


@pytest.mark.parametrize("piece", ["<style>", "<style ", "<head ", "<html ", "</style "])
def test_no_page_takes_long_to_be_read(piece: str) -> None:
    page = piece * (1_000_000 // len(piece))
    began = time.thread_time()
    split_styles(page)
    put_styles(page, ["S"])
    assert time.thread_time() - began < 3
