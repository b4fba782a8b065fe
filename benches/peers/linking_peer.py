#!/usr/bin/env python3
"""The same cascade as an engineer writes it in an afternoon: Polars for the joins, rapidfuzz for the titles.

    linking_peer.py DATABASE

Reads `products`, `catalog_products` and `retailer_url_patterns` of a SQLite database and writes the links back.
A fuzzy link needs a similarity (Indel, as rapidfuzz's `fuzz.ratio` has it) above 0.90. Ties go to the smallest id.
The last line on standard output is JSON: seconds by step, and the number of links by method.
"""

import json
import sqlite3
import sys
import time

try:
    import numpy as np
    import polars as pl
    from rapidfuzz import fuzz, process
except ImportError as error:
    print(f"{error.name} is missing: pip install polars rapidfuzz numpy", file=sys.stderr)
    sys.exit(77)

TEXT, REAL, INT = pl.String, pl.Float64, pl.Int64


def read(database):
    catalog = pl.read_database(
        "SELECT id, catalog_url, retailer, title, price, product_code FROM catalog_products"
        " WHERE linked_product_url IS NULL",
        database,
        schema_overrides=dict(id=INT, catalog_url=TEXT, retailer=TEXT, title=TEXT, price=REAL, product_code=TEXT),
    )
    products = pl.read_database(
        "SELECT id AS product, url, retailer, title, price, product_code FROM products",
        database,
        schema_overrides=dict(product=INT, url=TEXT, retailer=TEXT, title=TEXT, price=REAL, product_code=TEXT),
    )
    fuzzy_first = [
        retailer
        for (retailer,) in database.execute(
            "SELECT retailer FROM retailer_url_patterns"
            " WHERE url_stability_score < 0.50 OR best_dedup_method = 'fuzzy_title_price'"
        )
    ]
    return catalog, products, fuzzy_first


def normalized(column):
    return pl.col(column).str.split("?").list.first().str.strip_chars_end("/")


def level(rest, products, left_on, right_on, method, confidence):
    """Links of one level by equality of retailer and key, the smallest product id first; and the rows left over."""
    smallest = products.group_by(right_on).agg(pl.col("product").min())
    hits = rest.join(smallest, left_on=left_on, right_on=right_on, how="inner")
    links = hits.select("id", "product", confidence=pl.lit(confidence), method=pl.lit(method))
    return links, rest.join(hits, on="id", how="anti")


def title_and_price(rest, products):
    usable = rest.filter((pl.col("title") != "") & (pl.col("price") != 0))
    hits = (
        usable.join(products.select("product", "retailer", "title", other="price"), on=["retailer", "title"])
        .filter((pl.col("other") - pl.col("price")).abs() < 1.0)
        .group_by("id")
        .agg(pl.col("product").min())
    )
    links = hits.select("id", "product", confidence=pl.lit(0.95), method=pl.lit("exact_title_price"))
    return links, usable.join(hits, on="id", how="anti")


def fuzzy(rest, products):
    """The most similar title among the products of the retailer whose price is less than one unit away."""
    ids, found, confidences = [], [], []
    products = products.filter(pl.col("price").is_not_null() & pl.col("title").is_not_null())
    shelves = {key[0]: shelf for key, shelf in products.partition_by("retailer", as_dict=True).items()}
    for (retailer,), rows in rest.partition_by("retailer", as_dict=True).items():
        if retailer not in shelves:
            continue
        shelf = shelves[retailer].sort("price", "product")
        prices, numbers = shelf["price"].to_numpy(), shelf["product"].to_numpy()
        titles = np.array([title.lower().strip() for title in shelf["title"]], dtype=object)
        for (price,), same_price in rows.partition_by("price", as_dict=True).items():
            low, high = np.searchsorted(prices, price - 1.1), np.searchsorted(prices, price + 1.1)
            near = low + np.flatnonzero(np.abs(prices[low:high] - price) < 1.0)
            near = near[np.argsort(numbers[near])]
            choices = titles[near].tolist()
            for row, title in zip(same_price["id"], same_price["title"]):
                best = process.extractOne(title.lower().strip(), choices, scorer=fuzz.ratio, score_cutoff=90)
                if best is not None and best[1] > 90:
                    ids.append(row)
                    found.append(int(numbers[near[best[2]]]))
                    confidences.append(0.85 + (best[1] / 100 - 0.90) * 0.5)
    return pl.DataFrame(
        dict(id=ids, product=found, confidence=confidences),
        schema=dict(id=INT, product=INT, confidence=REAL),
    ).with_columns(method=pl.lit("fuzzy_title_price"))


def cascade(catalog, products, fuzzy_first):
    by_url = catalog.filter(~pl.col("retailer").is_in(fuzzy_first)).with_columns(key=normalized("catalog_url"))
    products = products.with_columns(key=normalized("url"))
    exact, rest = level(by_url, products, ["retailer", "catalog_url"], ["retailer", "url"], "exact_url", 1.0)
    same_key, rest = level(rest, products, ["retailer", "key"], ["retailer", "key"], "normalized_url", 0.95)
    coded, without_code = rest.filter(pl.col("product_code") != ""), rest.filter(
        (pl.col("product_code") == "") | pl.col("product_code").is_null()
    )
    same_code, rest = level(
        coded, products, ["retailer", "product_code"], ["retailer", "product_code"], "product_code", 0.90
    )
    unstable = catalog.filter(pl.col("retailer").is_in(fuzzy_first)).with_columns(key=normalized("catalog_url"))
    same_title, rest = title_and_price(pl.concat([rest, without_code, unstable]), products)
    return [exact, same_key, same_code, same_title], rest


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    times, start = {}, time.perf_counter()

    def step(name):
        nonlocal start
        now = time.perf_counter()
        times[name], start = round(now - start, 3), now

    database = sqlite3.connect(sys.argv[1])
    catalog, products, fuzzy_first = read(database)
    step("read")
    links, rest = cascade(catalog, products, fuzzy_first)
    step("joins")
    links.append(fuzzy(rest, products))
    step("fuzzy")
    links = pl.concat(links).join(products.select("product", "url"), on="product").sort("id")
    with database:
        database.executemany(
            "UPDATE catalog_products SET linked_product_url = ?, link_confidence = ?, link_method = ? WHERE id = ?",
            links.select("url", "confidence", "method", "id").iter_rows(),
        )
    database.close()
    step("write")
    by_method = dict(links.group_by("method").len().sort("method").iter_rows())
    print(json.dumps({"seconds": times, "links": by_method}))


if __name__ == "__main__":
    main()
