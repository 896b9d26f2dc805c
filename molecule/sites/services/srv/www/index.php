<?php
header('Content-Type: text/plain');
echo getenv('WORKER'), ' ', $_SERVER['SCRIPT_NAME'], ' ', $_SERVER['PATH_INFO'] ?? '-', ' ', $_SERVER['HTTPS'] ?? '-', ' ',
  $_SERVER['HTTP_X_FORWARDED_FOR'] ?? '-', "\n";
