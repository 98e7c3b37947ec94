"""Every setting: its type, default, unit and one sentence."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from quantmill.config.provider_settings import (
    AlpacaSettings,
    HttpSettings,
    MassiveSettings,
    TiingoSettings,
    YahooSettings,
)
from quantmill.core.fill_names import FillName

__all__ = [
    "DriftSettings",
    "IngestSettings",
    "JobSettings",
    "LakeSettings",
    "OptimizeSettings",
    "RetentionSettings",
    "S3Settings",
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

    provider: str = Field(
        default="auto",
        description="Provider that `ingest` asks when none is named: auto is the chain when a provider's key is set, "
        "else sim; chain is the chain.",
    )
    chain: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("alpaca", "iex", "massive", "yahoo"),
        description="Providers asked in turn until one has a session; in the environment A,B,C.",
    )
    parallel: int = Field(default=4, ge=1, le=64, description="Requests under way at a time.")
    lateness_minutes: int = Field(
        default=15,
        ge=0,
        description="Minutes after its close from which a session counts as final; one fetched before is asked for "
        "once more.",
    )
    on_conflict: Literal["keep", "replace", "fail"] = Field(
        default="keep", description="What happens to a stored bar when an arriving one differs."
    )
    spike_limit_frac: float = Field(
        default=0.035,
        gt=0,
        description="Fraction by which a bar may leave its neighbors before it is quarantined.",
    )
    hole_minutes: int = Field(
        default=5, ge=1, description="Missing minutes in a row from which `gaps` reports a hole."
    )

    @field_validator("chain", mode="before")
    @classmethod
    def _split_chain(cls, value: object) -> object:
        return _split(value)


class DriftSettings(_Section):
    """What happens when the columns of a source of files change."""

    auto_update: bool = Field(
        default=False,
        description="Take new columns of a source into its baseline without asking; missing columns and changed "
        "types always wait for `schema accept`.",
    )
    alert_new: bool = Field(default=True, description="Report new columns in imports and in the log.")
    alert_missing: bool = Field(default=True, description="Report missing columns in imports and in the log.")
    alert_type: bool = Field(default=True, description="Report changed types in imports and in the log.")


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
    fee_per_share_usd: float = Field(default=0.0, ge=0, description="Fee per share, US dollars.")
    fee_min_usd: float = Field(default=0.0, ge=0, description="Least fee per order, US dollars.")
    fee_bps: float = Field(default=0.0, ge=0, description="Fee in basis points of an order's value.")
    regulatory_fees: bool = Field(
        default=False,
        description="Charge sales of US equities with the SEC's Section 31 fee and FINRA's Trading Activity Fee.",
    )
    fill: FillName = Field(default="next_open", description="Where an order fills.")
    vwap_bars: int = Field(default=5, ge=1, description="Bars over which the fill vwap works an order.")
    vwap_share_frac: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Most of those bars' volume that an order that opens a position takes, as a fraction.",
    )
    atr_multiple: float = Field(
        default=0.1,
        ge=0,
        description="Slippage per share of the fill atr, in average true ranges of 14 bars.",
    )
    half_spread_bps: float = Field(default=0.5, ge=0, description="Half spread in basis points of the price.")
    half_spread_min_usd: float = Field(
        default=0.005, ge=0, description="Least half spread per share, US dollars."
    )
    spread_by_minute: str = Field(
        default="flat",
        description="Factor of the half spread by time of day: flat, intraday, or MINUTE:FACTOR steps from the open "
        "and, negative, from the close such as 0:3,30:1,-10:1.5.",
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


class RetentionSettings(_Section):
    """Days for which `retention run` keeps what it may remove; 0 keeps it for ever."""

    raw_data_days: int = Field(
        default=0,
        ge=0,
        description="Days that bars, their revisions and the quarantine are kept; 0: for ever.",
    )
    processed_data_days: int = Field(
        default=365,
        ge=0,
        description="Days that features, regimes and predictions are kept after they were last written; 0: for ever.",
    )
    performance_metrics_days: int = Field(
        default=365, ge=0, description="Days that equity, trades and trials are kept; 0: for ever."
    )
    schema_drift_days: int = Field(
        default=365, ge=0, description="Days that events of schema drift are kept; 0: for ever."
    )
    checkpoints_days: int = Field(
        default=90, ge=0, description="Days that fitted regimes and compiled kernels are kept; 0: for ever."
    )
    heartbeat_days: int = Field(default=30, ge=0, description="Days that ended jobs are kept; 0: for ever.")
    logs_days: int = Field(default=30, ge=0, description="Days that logs are kept; 0: for ever.")


class S3Settings(_Section):
    """How a bucket is reached when `lake_url` names one; what is not set here comes from the usual AWS_ variables."""

    endpoint_url: str | None = Field(
        default=None,
        description="Address of another server of the S3 protocol, such as https://minio.example.org.",
    )
    region: str | None = Field(default=None, description="Region of the bucket.")
    access_key_id: SecretStr | None = Field(default=None, description="Name of the access key.")
    secret_access_key: SecretStr | None = Field(default=None, description="Its secret.")
    use_instance_role: bool = Field(
        default=False, description="Without keys, take those of the virtual machine's role from its host."
    )
    allow_http: bool = Field(
        default=False, description="Send data unencrypted, also to an endpoint that is not on this machine."
    )
    timeout_s: float = Field(
        default=60.0, gt=0, description="Seconds after which a request is given up and sent again."
    )
    max_retries: int = Field(default=5, ge=0, description="How often a request is sent again.")
    parallel: int = Field(default=8, ge=1, le=64, description="Files fetched at a time.")
    cache_bytes: int = Field(
        default=10_000_000_000,
        ge=0,
        description="Bytes of copies kept in <home>/cache/lake; what was read in the last five minutes stays in any case.",
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
    lake_url: str | None = Field(
        default=None, description="Where the lake's files lie instead of <home>/lake: s3://bucket/prefix."
    )
    ingest: IngestSettings = IngestSettings()
    http: HttpSettings = HttpSettings()
    alpaca: AlpacaSettings = AlpacaSettings()
    tiingo: TiingoSettings = TiingoSettings()
    massive: MassiveSettings = MassiveSettings()
    yahoo: YahooSettings = YahooSettings()
    drift: DriftSettings = DriftSettings()
    lake: LakeSettings = LakeSettings()
    training: TrainingSettings = TrainingSettings()
    simulation: SimulationSettings = SimulationSettings()
    optimize: OptimizeSettings = OptimizeSettings()
    sql: SqlSettings = SqlSettings()
    jobs: JobSettings = JobSettings()
    retention: RetentionSettings = RetentionSettings()
    s3: S3Settings = S3Settings()
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
