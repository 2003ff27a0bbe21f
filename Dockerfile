# logmill in an image of its own: the binary, the C library that it is linked with, certificates and nothing else.
#
#   docker build -t logmill .
#   docker run -d --name logmill -p 127.0.0.1:9598:9598 --group-add 4 \
#       -v /etc/logmill:/etc/logmill:ro -v /var/log:/var/log:ro -v logmill:/var/lib/logmill logmill
#
# In logmill.toml, `listen` is "0.0.0.0:9598" here: the loopback address of a container ends at the container.
# Group 4 is Debian's `adm`, which may read most logs.

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin logmill

# The final file system, made by hand: a shell or a package manager would only be there to be misused.
RUN set -eu; \
    mkdir -p /image/usr/bin /image/etc/ssl/certs /image/etc/logmill; \
    install -d -o 65532 -g 65532 -m 0750 /image/var/lib/logmill; \
    install -d -m 1777 /image/tmp; \
    install -m 0755 target/release/logmill /image/usr/bin/; \
    # The loader and each library, at the places where the binary looks for them.
    ldd target/release/logmill | grep -o '/[^ ]*' | while read -r library; do \
        install -D "$library" "/image$library"; \
    done; \
    cp -L /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/; \
    echo 'logmill:x:65532:65532::/var/lib/logmill:/nonexistent' >/image/etc/passwd; \
    echo 'logmill:x:65532:' >/image/etc/group; \
    echo 'hosts: files dns' >/image/etc/nsswitch.conf

FROM scratch
COPY --from=build /image /
USER 65532:65532
VOLUME /var/lib/logmill
EXPOSE 9598
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s --retries=3 CMD ["/usr/bin/logmill", "health"]
ENTRYPOINT ["/usr/bin/logmill"]
CMD ["run", "--config", "/etc/logmill/logmill.toml"]
