"""Every setting: its type, default, unit and one sentence."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = [
    "IngestSettings",
    "JobSettings",
    "LakeSettings",
    "OptimizeSettings",
    "Settings",
    "SimulationSettings",
    "SqlSettings",
    "TrainingSettings",
    "WebSettings",
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IngestSettings(_Section):
    """How bars come in."""

    provider: str = Field(default="sim", description="Provider that `ingest` asks when none is named.")
    on_conflict: Literal["keep", "replace", "fail"] = Field(
        default="keep", description="What happens to a stored bar when an arriving one differs."
    )
    spike_limit_frac: float = Field(
        default=0.06,
        gt=0,
        description="Fraction by which a bar may leave its neighbors before it is quarantined.",
    )
    hole_minutes: int = Field(
        default=5, ge=1, description="Missing minutes in a row from which `gaps` reports a hole."
    )


class LakeSettings(_Section):
    """How the lake's files are written."""

    codec: Literal["zstd", "snappy", "lz4"] = Field(
        default="zstd", description="Compression of new Parquet files; files of any codec are read."
    )


class TrainingSettings(_Section):
    """How models are fitted."""

    seed: int = Field(default=0, ge=0, description="Seed from which every random choice is derived.")
    embargo_bars: int = Field(
        default=5, ge=0, description="Bars skipped after each train part besides the purge."
    )


class SimulationSettings(_Section):
    """How trading is simulated."""

    initial_cash_usd: float = Field(default=100_000.0, gt=0, description="Cash at the start, US dollars.")
    fee_usd: float = Field(default=0.02, ge=0, description="Fee per order, US dollars.")
    fill: Literal["close", "next_open", "delayed_mid"] = Field(
        default="next_open", description="Where an order fills."
    )
    half_spread_bps: float = Field(default=0.5, ge=0, description="Half spread in basis points of the price.")
    half_spread_min_usd: float = Field(
        default=0.005, ge=0, description="Least half spread per share, US dollars."
    )


class OptimizeSettings(_Section):
    """How grids run."""

    max_concurrent: int = Field(default=2, ge=1, description="Threads that run trials.")


class SqlSettings(_Section):
    """Bounds of `quantmill sql`."""

    timeout_s: float = Field(default=300.0, gt=0, description="Seconds after which a query is stopped.")


class JobSettings(_Section):
    """Leases."""

    lease_s: float = Field(
        default=30.0, ge=1, description="Seconds after which a silent worker loses its job."
    )


class WebSettings(_Section):
    """What `quantmill serve` answers, and to whom."""

    token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Asked of every request as `Authorization: Bearer …` when set; needed on any address but loopback.",
    )
    hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names, besides localhost, under which the server may be addressed; in the environment A,B,C.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins of other sites, such as https://example.org, whose pages may call the API; none by default.",
    )
    import_folders: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="The only folders below which requests may name files; when none is set, requests from this "
        "machine may name any CSV, Parquet or LEAN file, others none.",
    )
    max_body_bytes: int = Field(default=1_000_000, ge=1_000, description="Largest body of a request, bytes.")
    default_rows: int = Field(
        default=1_000, ge=1, description="Rows of an answer when no limit is asked for."
    )
    max_rows: int = Field(
        default=100_000, ge=1, description="Largest limit that a request may ask for, rows."
    )
    max_waiting_jobs: int = Field(
        default=100, ge=1, description="Jobs that may wait; further requests for work are turned away."
    )
    workers: int = Field(
        default=1, ge=1, le=16, description="Jobs at a time; with one they are done in the order of arrival."
    )

    @field_validator("hosts", "cors_origins", "import_folders", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return _split(value)


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="QUANTMILL_", env_nested_delimiter="__", case_sensitive=False
    )

    symbols: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Watch list: what verbs take when no symbol is named; in the environment A,B,C.",
    )
    state_url: SecretStr | None = Field(
        default=None,
        description="Database URL instead of <home>/state.db, such as postgresql://user@host/name.",
    )
    ingest: IngestSettings = IngestSettings()
    lake: LakeSettings = LakeSettings()
    training: TrainingSettings = TrainingSettings()
    simulation: SimulationSettings = SimulationSettings()
    optimize: OptimizeSettings = OptimizeSettings()
    sql: SqlSettings = SqlSettings()
    jobs: JobSettings = JobSettings()
    web: WebSettings = WebSettings()

    @field_validator("symbols", mode="before")
    @classmethod
    def _split_symbols(cls, value: object) -> object:
        return _split(value)


def _split(value: object) -> object:
    """The parts of a text with commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value
