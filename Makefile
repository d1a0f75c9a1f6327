# What people type. `make run` and `make test` are all that is needed; each installs what is missing.

# rustup's directory, for shells that have not read its settings.
export PATH := $(PATH):$(HOME)/.cargo/bin

TARGET := $(or $(CARGO_TARGET_DIR),target)
PREFIX ?= /usr/local
# For the server: make run ARGS="--mmp-listen 0.0.0.0:9001 --set access=tokens"
ARGS ?=

.PHONY: run test torture bench lint build install clean

run:
	@scripts/needs.sh run
	@scripts/fetch-ffmpeg.sh $(TARGET)
	@scripts/web.sh build
	cargo build --release --locked --package kinora
	@echo
	@echo "  In a browser:         http://127.0.0.1:8080"
	@echo "  In another terminal:  $(TARGET)/release/kinora compress holiday.mp4"
	@echo "  Ctrl-C ends the server."
	@echo
	@exec $(TARGET)/release/kinora serve $(ARGS)

test:
	@scripts/needs.sh test
	@scripts/fetch-ffmpeg.sh $(TARGET)
	@scripts/fetch-clients.sh $(TARGET)
	cargo xtask test

# MINUTES of a server's worst life; in SECURITY.md.
MINUTES ?= 1
torture:
	@scripts/needs.sh torture
	cargo build --locked --package kinora
	cargo xtask torture --minutes $(MINUTES) --program $(TARGET)/debug/kinora

bench:
	@scripts/needs.sh bench
	@scripts/fetch-ffmpeg.sh $(TARGET)
	cargo xtask bench

lint:
	@scripts/needs.sh lint
	cargo xtask lint

build:
	@scripts/needs.sh build
	@scripts/fetch-ffmpeg.sh $(TARGET)
	@scripts/web.sh build
	cargo build --release --locked --package kinora

install: build
	install -D -m 755 $(TARGET)/release/kinora $(DESTDIR)$(PREFIX)/bin/kinora
	# The second FFmpeg is an addition that may be absent.
	if [ -x $(TARGET)/lib/kinora/ffmpeg ]; then \
	    install -D -m 755 $(TARGET)/lib/kinora/ffmpeg $(DESTDIR)$(PREFIX)/lib/kinora/ffmpeg; fi
	$(TARGET)/release/kinora man $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/bin/|$(PREFIX)/bin/|' packaging/kinora.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/kinora.service

clean:
	cargo clean
