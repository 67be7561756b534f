# t2t-serve for a CPU; docs/SERVING.md has the lines that build and run it.
FROM python:3.11-slim

# The versions that the tests pass with; the source isn't needed once it is installed.
COPY . /source
RUN pip install --no-cache-dir -c /source/constraints.txt "/source[serve,litert]" \
    && rm -r /source

RUN useradd --uid 10001 --create-home translator
USER translator
WORKDIR /home/translator

EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/healthz', timeout=4)"]

# A container's loopback is reached by nobody outside of it. Who may ask is said by -p, for which
# Docker's own default is everybody: docs/SERVING.md publishes the port to this machine alone.
ENTRYPOINT ["t2t-serve", "--host=0.0.0.0", "--port=8501"]
CMD ["--export_dir=/models/model"]
