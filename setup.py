"""The package: what the image installs and what Beam ships to its workers."""

import setuptools

PACKAGES = ("schemas", "evaluation", "components", "models", "pipeline", "simulation", "examples")

setuptools.setup(
    name="funnelrank",
    version="0.1.0",
    description="Multi-task ranking: impression, click and conversion logs in, a blessed model out",
    license="Apache-2.0",
    packages=setuptools.find_packages(
        include=[f"{package}{suffix}" for package in PACKAGES for suffix in ("", ".*")]
    ),
    package_data={
        "schemas": ["*.pbtxt"],
        "components.run_report": ["templates/*", "templates/sections/*"],
    },
    python_requires=">=3.11,<3.14",
    install_requires=[
        "apache-beam>=2.77,<3",
        "click>=8,<9",
        "duckdb>=1.4,<2",
        "google-crc32c>=1.5,<2",
        "grpcio>=1.70,<2",
        "isal>=1.7,<2",
        "jinja2>=3,<4",
        "keras-tuner>=1.4.8,<2",
        "matplotlib>=3.9,<4",
        "numpy>=2,<3",
        "pyarrow>=18",
        "pydantic>=2,<3",
        "pymysql>=1.2,<2",
        "pyyaml>=6,<7",
        "rich>=13",
        "scikit-learn>=1.5",
        "scipy>=1.13",
        "tenacity>=9,<10",
        "tensorboard>=2.20,<3",
        "tensorflow>=2.21,<2.22",
        "tensorflow-recommenders>=0.7.7,<0.8",
        "tensorflow-serving-api>=2.21,<2.22",
        "tf-keras>=2.21,<2.22",
        "tfx>=1.21,<1.22",
        "urllib3>=2,<3",
        "zstandard>=0.23,<1",
    ],
    extras_require={
        "kubeflow": ["tfx[kfp]>=1.21,<1.22"],
        "develop": [
            "check-jsonschema>=0.33,<1",
            "cryptography",
            "hypothesis>=6",
            "kfp-kubernetes>=2.16,<2.17",
            "mypy>=1.15",
            "pandas-stubs",
            "playwright>=1.49,<2",
            "pytest>=8",
            "pytest-xdist>=3",
            "ruff>=0.12",
            "types-PyYAML",
            "uv>=0.8",
        ],
    },
    entry_points={"console_scripts": ["funnelrank = pipeline.cli:main"]},
)
