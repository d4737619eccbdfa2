# Try `make help`. Everything lives in .venv and var/; only the tests ask for system packages.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
VENV := .venv
PY := $(VENV)/bin/python
# Packages are installed without byte code (launch/install.py): Python must be free to keep it.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test coverage mutants lint format bench pictures torture hosts trial messages lock demo setup setup-dev clean

help:  ## 显示这些命令 · show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: setup  ## 启动整个系统,Ctrl-C 结束 · start everything; Ctrl-C ends it
	@$(PY) -m launch.run

test: setup-dev  ## 运行全部测试 · run every test, on real PostgreSQL, Redis and Chromium
	@$(PY) launch/install.py browser
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

coverage: setup-dev  ## 测试实际执行了哪些语句 · which statements the tests run
	@$(PY) -m pytest -n 2 --dist loadfile -p tests.support.coverage $(TESTS)

MUTANTS ?= 200
MUTATED ?= tests/portal tests/schools tests/students tests/capture tests/billing tests/proofing tests/printing tests/year_end
mutants: setup-dev  ## 故意改错规则,看测试能否发现 · break rules here and there, see which mistakes no test finds
	@$(PY) -m pytest -q -p tests.support.mutants --mutants $(MUTANTS) $(if $(SEED),--seed $(SEED)) $(MUTATED)

lint: setup-dev  ## 检查代码与模板 · check code, templates and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 --check {} +
	@$(PY) -m tests.support.template_lines
	@$(PY) -m tests.support.oldest_browsers
	@TUCAI_SERVICES=none $(PY) -m mypy

format: setup-dev  ## 整理代码格式 · put code and templates in order
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 {} +

BENCHES ?= judging.photo_processing judging.upload_to_verdict portraits.matting likeness.likeness_search roster_import sheets archive pages \
	hostile_files notifications money.bank_matching money.bank_statement
bench: setup-dev  ## 性能测量 · measure, each figure beside its floor or peer
	@set -e; for name in $(BENCHES); do echo "== $$name"; $(PY) -m bench.$$name; done

pictures: setup-dev  ## 重新截取手册里的图片(先运行 make run) · take the manuals' pictures anew, from a running demo
	@$(PY) launch/install.py browser
	@$(PY) -m tests.support.manual_pictures

FAULTS ?= 100
torture: setup-dev  ## 带负载反复弄坏系统,再逐项清点 · break the running product again and again, then count what it promised
	@$(PY) -m torture --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

hosts: setup-dev  ## 两台主机(网络命名空间)中断电一台,再逐项清点(需 root)· two machines, one dies; then count what was promised (root)
	@$(PY) -m torture.hosts --deaths $(or $(DEATHS),4)

trial:  ## 在全新的 Debian 12 中安装并试用(需 root 与网络)· install in a Debian root made for it and use the product there (root, network)
	@deploy/trial.sh

messages: setup  ## 更新并编译译文 · gather the messages to translate, compile the catalogue
	@$(PY) launch/install.py gettext
	@$(PY) manage.py makemessages --locale zh_Hans --no-location --no-wrap --no-obsolete --ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*'
	@$(PY) -m launch.translations --force

lock:  ## 重新锁定依赖版本 · compile the pinned requirements anew
	@$(PYTHON) launch/install.py runtime
	@$(PY) -m pip install --quiet uv
	@$(PY) -m uv pip compile --quiet --generate-hashes --upgrade --python-version 3.11 --override overrides.txt \
		--no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
	@$(PY) -m uv pip compile --quiet --generate-hashes --upgrade --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links requirements-dev.in -o requirements-dev.txt

demo: setup  ## 载入演示数据 · load the demo season
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py demo

setup:
	@$(PYTHON) launch/install.py runtime
	@$(PY) -m launch.translations

setup-dev:
	@$(PYTHON) launch/install.py development
	@$(PY) -m launch.translations

clean:  ## 删除环境与本机数据 · remove the environment and this checkout's data
	@$(PYTHON) launch/install.py clean
