# Tocsin's own processes: `tocsin api`, `tocsin worker`, `tocsin db upgrade`. Postgres and Temporal are others'.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/tocsin
# First what changes seldom. The hashes are checked, and nothing is installed that the lock does not name.
COPY requirements/core.txt requirements/core.txt
RUN /opt/tocsin/bin/pip install --require-hashes -r requirements/core.txt
COPY pyproject.toml README.md LICENSE ./
COPY cli cli
COPY simulation simulation
COPY api api
COPY worker worker
COPY activities activities
COPY dispatch dispatch
COPY publishing publishing
COPY rendering rendering
COPY outbound outbound
COPY workflows_engine workflows_engine
COPY models models
# hatchling came with the lock: nothing is fetched to build.
RUN /opt/tocsin/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin tocsin
COPY --from=build /opt/tocsin /opt/tocsin
ENV PATH=/opt/tocsin/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 10001
CMD ["tocsin", "--help"]
