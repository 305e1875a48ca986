# The HTTP server. TLS, since other machines can reach the port of a container:
#
#   docker build --tag fer_features .
#   docker run --publish 8765:8765 --volume ./runs/A:/model:ro --volume ./tls:/tls:ro fer_features
#
# The folder tls has cert.pem, key.pem and token.txt, a file with a token of at least 16 characters. The user 1000 must
# be able to read them and the model. Then, where TOKEN is this token:
#
#   curl --cacert tls/cert.pem https://localhost:8765/health
#   curl --cacert tls/cert.pem -H "Authorization: Bearer $TOKEN" --data-binary @clip.mp4 https://localhost:8765/v1/videos
FROM python:3.12-slim
WORKDIR /package
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY fer_features fer_features
RUN pip install --no-cache-dir --constraint constraints.txt '.[live]' && useradd --uid 1000 --create-home server
USER server
WORKDIR /home/server
ENV OMP_NUM_THREADS=1
EXPOSE 8765
ENTRYPOINT ["fer-features", "serve", "--model", "/model", "--host", "0.0.0.0", \
    "--tls-certificate", "/tls/cert.pem", "--tls-key", "/tls/key.pem", "--token-file", "/tls/token.txt"]
