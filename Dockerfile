# The program with its pipelines:
#   docker build -t nightloom .
#   docker run -v /srv/shop:/srv/shop nightloom run pipelines/linking.toml \
#     --set vars.db=/srv/shop/products.db --set vars.out=/srv/shop/out --workspace /srv/shop

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked && strip -o /usr/local/bin/nightloom target/release/nightloom

FROM debian:bookworm-slim
COPY --from=build /usr/local/bin/nightloom /usr/local/bin/nightloom
COPY pipelines /srv/nightloom/pipelines
RUN useradd --create-home nightloom && chown -R nightloom /srv/nightloom
USER nightloom
WORKDIR /srv/nightloom
ENTRYPOINT ["nightloom"]
